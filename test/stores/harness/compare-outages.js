'use strict'

/** What a client or an operator is worst off with. */
const WORST = ['no answer', 'the process died', 'does not come back']

/** The faults of an outage on ours, beside the same outage on 1.19.0. */
exports.compareOutages = (ours, upstream, keepsWhatItAcknowledged) => {
  const faults = []
  for (const kind of Object.keys(ours)) {
    if (kind === 'lost' || ours[kind] === upstream[kind] || isWorst(upstream[kind])) continue
    faults.push(`${kind}: ours ${ours[kind]}, 1.19.0 ${upstream[kind]}`)
  }
  if (keepsWhatItAcknowledged && ours.lost > 0) faults.push(`${ours.lost} acknowledged changes are lost`)
  return faults
}

/** The faults of an outage for which the app has set a time limit: nobody waits, and nothing is worst. */
exports.faultsOfPrepared = (seen, keepsWhatItAcknowledged) => {
  const faults = Object.keys(seen)
    .filter((kind) => String(seen[kind]).startsWith('waits') || isWorst(seen[kind]))
    .map((kind) => `with storeTimeout, ${kind}: ${seen[kind]}`)
  if (keepsWhatItAcknowledged && seen.lost > 0) {
    faults.push(`with storeTimeout, ${seen.lost} acknowledged changes are lost`)
  }
  return faults
}

exports.isBetter = (ours, upstream) =>
  Object.keys(ours).some((kind) => kind !== 'lost' && isWorst(upstream[kind]) && !isWorst(ours[kind]))

function isWorst(seen) {
  return WORST.some((worst) => String(seen).includes(worst))
}
