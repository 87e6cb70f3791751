/** One measurement: a bar for each subject. */
export interface Panel {
  readonly title: string
  readonly bars: readonly Bar[]
}

export interface Bar {
  readonly label: string
  readonly value: number
  /** The value as people read it, with its unit. */
  readonly text: string
  readonly isOurs: boolean
}

const columns = 2
const width = 880
const margin = 16
const gap = 28
const titleHeight = 30
const barHeight = 16
const barStep = 24
const labelWidth = 130
const textWidth = 70

/** Panels of horizontal bars, as an SVG that fits a light page and a dark one. */
export function chart(panels: readonly Panel[], title: string): string {
  const panelWidth = (width - 2 * margin - (columns - 1) * gap) / columns
  const parts: string[] = []
  let top = margin
  for (let first = 0; first < panels.length; first += columns) {
    const inRow = panels.slice(first, first + columns)
    inRow.forEach((panel, column) => {
      parts.push(drawn(panel, margin + column * (panelWidth + gap), top, panelWidth))
    })
    top += titleHeight + barStep * Math.max(...inRow.map(({ bars }) => bars.length)) + gap / 2
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${Math.ceil(top)}" width="${width}" height="${Math.ceil(top)}" role="img" aria-label="${escaped(title)}">
<title>${escaped(title)}</title>
<style>
  text { font: 12px system-ui, -apple-system, "Segoe UI", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; fill: #24292f }
  .title { font-weight: 600; font-size: 13px }
  .ours { fill: #07a455 }
  .other { fill: #aab4be }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .other { fill: #57606a } .ours { fill: #2ecc71 } }
</style>
${parts.join('\n')}
</svg>
`
}

function drawn({ title, bars }: Panel, left: number, top: number, panelWidth: number): string {
  const longest = Math.max(...bars.map(({ value }) => value))
  const room = panelWidth - labelWidth - textWidth
  return [
    `<text class="title" x="${left}" y="${top + 14}">${escaped(title)}</text>`,
    ...bars.flatMap(({ label, value, text, isOurs }, index) => {
      const y = top + titleHeight + index * barStep
      const length = longest === 0 ? 0 : (room * value) / longest
      const middle = y + barHeight - 4
      return [
        `<text x="${left}" y="${middle}">${escaped(label)}</text>`,
        // A line marks a bar that is too short to see.
        `<rect class="${isOurs ? 'ours' : 'other'}" x="${left + labelWidth}" y="${y}" width="${Math.max(length, 1.5).toFixed(1)}" height="${barHeight}" rx="2"/>`,
        `<text x="${(left + labelWidth + Math.max(length, 1.5) + 6).toFixed(1)}" y="${middle}">${escaped(text)}</text>`,
      ]
    }),
  ].join('\n')
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
