/** Robust numbers: a machine that does other things too gives outliers, which move a mean but not a median. */

const sorted = (numbers) => [...numbers].sort((a, b) => a - b)

/** The value below which the given share of the numbers lies. */
function quantile(numbers, share) {
  const ordered = sorted(numbers)
  const position = (ordered.length - 1) * share
  const low = Math.floor(position)
  const high = Math.ceil(position)
  return ordered[low] + (ordered[high] - ordered[low]) * (position - low)
}

const median = (numbers) => quantile(numbers, 0.5)

/** Of results that have the same numbers, the median of each number. */
function mediansOf(results) {
  const numbers = Object.keys(results[0]).filter((name) => typeof results[0][name] === 'number')
  return Object.fromEntries(numbers.map((name) => [name, median(results.map((result) => result[name]))]))
}

/** The names in another order each round, so that no contender always runs after the same one. */
function rotated(names, round) {
  const start = round % names.length
  return [...names.slice(start), ...names.slice(0, start)]
}

module.exports = { median, mediansOf, quantile, rotated, sorted }
