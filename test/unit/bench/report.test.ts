import { expect } from 'chai'
import { chart } from '../../../bench/lib/chart.js'
import { inChinese } from '../../../bench/lib/chinese.js'
import { markdownTable, withMeasured } from '../../../bench/lib/markdown.js'
import { printable } from '../../../bench/lib/print.js'
import { isMet } from '../../../bench/lib/report.js'
import { savedResults, type Result } from '../../../bench/lib/results.js'
import { exactly } from '../../../bench/lib/statistics.js'

const result: Result = {
  benchmark: 'example',
  title: 'an example',
  date: '2026-11-21',
  machine: 'a machine',
  node: 'v20.20.2',
  subjects: ['ours 1.0.0', 'theirs 2.0.0', 'another 3.0.0'],
  rows: [
    { what: 'a login', unit: 'ms', values: { 'ours 1.0.0': { median: 2, q1: 1.5, q3: 2.5, n: 9 }, 'theirs 2.0.0': exactly(5), 'another 3.0.0': 'does not run | at all' } },
    { what: 'refreshes', unit: '', values: { 'ours 1.0.0': exactly(0), 'theirs 2.0.0': exactly(100) } },
  ],
  claims: [{ claim: 'a login', unit: 'ms', value: 2, limit: 1 }, { claim: 'refreshes', unit: '', value: 1, limit: 1 }],
  notes: ['A note.'],
}

describe('a report of the benchmarks', () => {
  it('says how many times ours the others are, and nothing where that says nothing', () => {
    const [head, , login, refreshes] = markdownTable(result, (text) => text).split('\n')
    expect(head).to.equal('| `npm run bench -- example` | ours 1.0.0 | theirs 2.0.0 | another 3.0.0 |')
    expect(login).to.equal('| a login (ms) | 2 [1.5…2.5] | 5 2.5× | does not run \\| at all |')
    expect(refreshes).to.equal('| refreshes | 0 | 100 | – |')
  })

  it('says which of its promises are kept', () => {
    expect(result.claims.map(isMet)).to.deep.equal([false, true])
    expect(printable(result)).to.match(/^MISSED a login: 2 ms, at most 1 ms$/m).and.to.match(/^kept {3}refreshes: 1, at most 1$/m)
  })

  it('is written between its markers in a page, again and again', () => {
    const page = '# Page\n\n<!-- measured: example -->\nold\n<!-- /measured -->\n\nText.\n'
    const written = withMeasured(page, new Map([['example', result]]))
    expect(written).to.include('| a login (ms) |').and.to.match(/^# Page\n/).and.to.match(/\n\nText\.\n$/).and.not.to.include('old')
    expect(withMeasured(written, new Map([['example', result]]))).to.equal(written)
  })

  it('must be there for each place in a page', () => {
    expect(() => withMeasured('<!-- measured: missing -->\n<!-- /measured -->', new Map())).to.throw('missing')
  })

  it('can be told in Chinese, all of those that are saved', () => {
    for (const saved of savedResults().values()) expect(() => markdownTable(saved, inChinese), saved.benchmark).not.to.throw()
    expect(() => inChinese('words that nobody has translated')).to.throw('Not translated')
  })
})

describe('the chart of the benchmarks', () => {
  it('has a bar for each subject, as long as its value is large', () => {
    const bars = [
      { label: 'ours', value: 1, text: '1 ms', isOurs: true },
      { label: 'a <b> & "c"', value: 4, text: '4 ms', isOurs: false },
      { label: 'none', value: 0, text: '0 ms', isOurs: false },
    ]
    const svg = chart([{ title: 'A login', bars }], 'Title')
    const widths = [...svg.matchAll(/<rect[^>]* width="([\d.]+)"/g)].map(([, width]) => Number(width))
    expect(widths).to.have.length(3)
    expect(widths[1]! / widths[0]!).to.be.closeTo(4, 0.01)
    expect(widths[2]).to.be.greaterThan(0)
    expect(svg).to.include('a &lt;b&gt; &amp; &quot;c&quot;')
  })
})
