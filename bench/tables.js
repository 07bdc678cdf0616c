/** Tables that read well on a terminal and are Markdown too. */

/**
 * @param head - the titles of the columns; all but the first two are numbers, at the right
 * @param rows - cells, as text
 */
function table(head, rows) {
  const widths = head.map((title, column) => Math.max(3, ...[head, ...rows].map((row) => row[column].length)))
  const line = (cells) =>
    `| ${cells.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(' | ')} |`
  const rule = `|${widths.map((width, i) => (i < 2 ? '-'.repeat(width + 2) : '-'.repeat(width + 1) + ':')).join('|')}|`
  return [line(head), rule, ...rows.map(line)].join('\n')
}

const fixed = (digits) => (number) => (Number.isFinite(number) ? number.toFixed(digits) : '-')

/** Microseconds, and other numbers of a few digits. */
const one = fixed(1)
const ratio = fixed(2)
const whole = (number) => (Number.isFinite(number) ? Math.round(number).toLocaleString('en') : '-')

/** A limit, and whether a number keeps it. */
function limit(number, most) {
  return most === undefined ? '' : `${number <= most ? 'ok' : 'MISSED'} ${ratio(most)}`
}

module.exports = { limit, one, ratio, table, whole }
