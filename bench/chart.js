/** Charts as SVG, by hand: bars for shares of one, and curves on two logarithmic axes. */

const OURS = '#2563eb'
const OTHER = '#9ca3af'
const INK = '#1f2937'
const FAINT = '#e5e7eb'

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)
const round = (number) => Math.round(number * 10) / 10

function text(x, y, content, { anchor = 'start', size = 13, fill = INK, weight = 400 } = {}) {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" font-size="${size}" fill="${fill}" font-weight="${weight}">${escape(content)}</text>`
}

function line(x1, y1, x2, y2, stroke = FAINT, width = 1) {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${stroke}" stroke-width="${width}"/>`
}

function rect(x, y, width, height, fill) {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="2" fill="${fill}"/>`
}

function svg(width, height, title, parts) {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="system-ui, sans-serif">`,
    `<title>${escape(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="6" fill="#ffffff"/>`,
    ...parts,
    '</svg>',
    ''
  ].join('\n')
}

/**
 * Shares of one, with 1.00 at the right.
 *
 * @param bars - `{ label, value, tick, text }`; the tick marks a limit
 */
function barChart({ title, note, bars }) {
  const width = 860
  const left = 300
  const right = 20
  const top = 62
  const step = 26
  const height = top + bars.length * step + 34
  const x = (value) => left + Math.min(value, 1) * (width - left - right)

  const parts = [text(20, 26, title, { size: 16, weight: 600 }), text(20, 46, note, { fill: '#6b7280' })]
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    parts.push(line(x(share), top - 4, x(share), height - 28))
    parts.push(text(x(share), height - 12, share.toFixed(2), { anchor: 'middle', size: 11 }))
  }
  bars.forEach(({ label, value, tick, text: words }, i) => {
    const y = top + i * step
    parts.push(text(left - 10, y + 14, label, { anchor: 'end', size: 12 }))
    parts.push(rect(x(0), y + 3, x(value) - x(0), 14, OURS))
    if (tick !== undefined) parts.push(line(x(tick), y, x(tick), y + 20, INK, 2))
    parts.push(text(Math.max(x(value), x(tick ?? 0)) + 8, y + 14, words, { size: 11 }))
  })
  return svg(width, height, title, parts)
}

/**
 * Curves on logarithmic axes, where growth in proportion is a straight line.
 *
 * @param panels - side by side: `{ title, xTitle, curves: [{ name, points: [[x, y], ...] }] }`; the first curve is ours
 */
function curveChart({ title, panels }) {
  const panelWidth = 430
  const width = panels.length * panelWidth
  const height = 340
  const parts = [text(20, 26, title, { size: 16, weight: 600 })]
  panels.forEach((panel, i) => parts.push(...curvePanel(panel, i * panelWidth, panelWidth, height)))
  return svg(width, height, title, parts)
}

function curvePanel({ title, xTitle, curves }, offset, width, height) {
  const box = { left: offset + 62, right: offset + width - 24, top: 88, bottom: height - 46 }
  const points = curves.flatMap((curve) => curve.points)
  const x = logAxis(
    points.map(([value]) => value),
    box.left,
    box.right
  )
  const y = logAxis(
    points.map(([, value]) => value),
    box.bottom,
    box.top
  )

  const parts = [text(offset + 20, 52, title, { weight: 600 })]
  for (const decade of x.decades) {
    parts.push(line(x(decade), box.top, x(decade), box.bottom))
    parts.push(text(x(decade), box.bottom + 16, short(decade), { anchor: 'middle', size: 11 }))
  }
  for (const decade of y.decades) {
    parts.push(line(box.left, y(decade), box.right, y(decade)))
    parts.push(text(box.left - 8, y(decade) + 4, short(decade), { anchor: 'end', size: 11 }))
  }
  parts.push(text((box.left + box.right) / 2, height - 10, xTitle, { anchor: 'middle', size: 12 }))

  curves.forEach(({ name, points }, i) => {
    const color = i === 0 ? OURS : OTHER
    const path = points.map(([px, py]) => `${round(x(px))},${round(y(py))}`).join(' ')
    parts.push(`<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2.5"/>`)
    for (const [px, py] of points) {
      parts.push(`<circle cx="${round(x(px))}" cy="${round(y(py))}" r="3.5" fill="${color}"/>`)
    }
    parts.push(
      rect(offset + 20 + i * 190, 64, 12, 12, color),
      text(offset + 38 + i * 190, 75, name, { size: 12 })
    )
  })
  return parts
}

/** Where a value stands on a logarithmic axis between two ends; `decades` are the powers of ten on it. */
function logAxis(values, from, to) {
  const low = Math.floor(Math.log10(Math.min(...values)) + 1e-9)
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values)) - 1e-9))
  const place = (value) => from + ((Math.log10(value) - low) / (high - low)) * (to - from)
  return Object.assign(place, { decades: Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)) })
}

/** 1000 as 1k, 0.01 as it is. */
function short(number) {
  if (number >= 1e6) return `${number / 1e6}M`
  if (number >= 1e3) return `${number / 1e3}k`
  return String(Number(number.toPrecision(1)))
}

module.exports = { barChart, curveChart }
