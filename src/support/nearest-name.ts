/**
 * The name that a misspelt one is meant for.
 *
 * Upper and lower case, `-` and `_` count for nothing. Beyond that the first letter must be right, and few others may be
 * wrong: an option of another library is not to be taken for one of these.
 *
 * @returns undefined if none is near
 */
export function nearestName(given: string, names: readonly string[]): string | undefined {
  let nearest: string | undefined
  let least = Infinity
  for (const name of names) {
    const distance = distanceBetween(plain(given), plain(name))
    if (distance < least && distance <= mostFor(given, name)) {
      nearest = name
      least = distance
    }
  }
  return nearest
}

/** How many letters of a name may be wrong: one in five or so. */
function mostFor(given: string, name: string): number {
  if (name.length < 4 || plain(given)[0] !== plain(name)[0]) return 0
  return name.length < 10 ? 1 : name.length < 15 ? 2 : 3
}

function plain(name: string): string {
  return name.replace(/[-_]/g, '').toLowerCase()
}

/** How many letters must be added, removed, replaced or swapped with their neighbour (optimal string alignment). */
function distanceBetween(some: string, others: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: others.length + 1 }, (_, column) => column)
  for (let i = 1; i <= some.length; i++) {
    const row = [i]
    for (let j = 1; j <= others.length; j++) {
      const isSame = some[i - 1] === others[j - 1]
      let least = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (isSame ? 0 : 1))
      const isSwapped = i > 1 && j > 1 && some[i - 1] === others[j - 2] && some[i - 2] === others[j - 1]
      if (isSwapped) least = Math.min(least, at(beforeLast, j - 2) + 1)
      row.push(least)
    }
    beforeLast = last
    last = row
  }
  return at(last, others.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity
}
