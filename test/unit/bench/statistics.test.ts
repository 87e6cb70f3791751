import { expect } from 'chai'
import { differences, exactly, median, quantile, ratios, spreadOf } from '../../../bench/lib/statistics.js'

describe('the statistics of the benchmarks', () => {
  it('take the middle, and between two neighbours what lies between them', () => {
    expect(median([9, 1, 5])).to.equal(5)
    expect(median([4, 1, 3, 2])).to.equal(2.5)
    expect(quantile([10, 20, 30, 40, 50], 0.9)).to.be.closeTo(46, 1e-9)
  })

  it('sort numbers as numbers, and leave the measurements in their order', () => {
    const measurements = [100, 9, 20]
    expect(median(measurements)).to.equal(20)
    expect(measurements).to.deep.equal([100, 9, 20])
  })

  it('give the middle half with the median', () => {
    expect(spreadOf([1, 2, 3, 4, 5])).to.deep.equal({ median: 3, q1: 2, q3: 4, n: 5 })
    expect(exactly(7)).to.deep.equal({ median: 7, q1: 7, q3: 7, n: 1 })
  })

  it('compare within pairs, so that a slow moment which strikes both is not seen', () => {
    expect(differences([11, 111, 12], [10, 110, 11])).to.deep.equal([1, 1, 1])
    expect(ratios([2, 200], [1, 100])).to.deep.equal([2, 2])
  })

  it('refuse what are no pairs, and no measurements at all', () => {
    expect(() => differences([1], [])).to.throw(RangeError)
    expect(() => ratios([1], [1, 2])).to.throw(RangeError)
    expect(() => median([])).to.throw(RangeError)
  })
})
