/**
 * The value below which a part of the values lies, interpolated between neighbours.
 *
 * @param {readonly number[]} values at least one
 * @param {number} part 0 to 1
 */
export function quantile(values, part) {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * part;
  const below = Math.floor(place);
  const low = sorted[below] ?? Number.NaN;
  const high = sorted[Math.ceil(place)] ?? Number.NaN;
  return low + (high - low) * (place - below);
}

export function median(values) {
  return quantile(values, 0.5);
}

/** How far the base of a round may be from the median base. */
const TOLERANCE = 0.15;

/**
 * Rounds that can be relied on.
 *
 * @template {Record<string, number>} Round
 * @param {readonly Round[]} rounds nanoseconds a request, by variant
 * @param {string} base
 * @param {number} made how many were to be made
 * @returns {Round[]}
 * @throws Error if fewer than half of them are left
 */
export function reliableRounds(rounds, base, made) {
  const accepted = acceptRounds(rounds, base, TOLERANCE);
  if (accepted.length < made / 2) throw new Error("most rounds were disturbed: this machine is too busy");
  return accepted;
}

/**
 * Leaves out the rounds in which something else than the variants changed: those whose base is further than a
 * tolerance from the median base.
 *
 * @template {Record<string, number>} Round
 * @param {readonly Round[]} rounds nanoseconds a request, by variant
 * @param {string} base
 * @param {number} tolerance 0.15 is 15 %
 * @returns {Round[]}
 */
export function acceptRounds(rounds, base, tolerance) {
  if (rounds.length === 0) return [];
  const middle = median(rounds.map((round) => round[base]));
  return rounds.filter((round) => Math.abs(round[base] - middle) <= middle * tolerance);
}

/**
 * What each variant adds to the base, in paired differences within a round.
 *
 * @param {readonly Record<string, number>[]} rounds accepted ones
 * @param {readonly string[]} names
 * @param {{ base: string, peer: string }} against
 * @returns {{ name: string, total: number, added: number, p25: number, p75: number, ratio: number }[]} nanoseconds a
 *   request; `ratio` is the median of what it adds to the median of what the peer adds
 */
export function compareVariants(rounds, names, { base, peer }) {
  const addedBy = (name) => rounds.map((round) => round[name] - round[base]);
  const unit = median(addedBy(peer));
  return names.map((name) => {
    const added = addedBy(name);
    return {
      name,
      total: median(rounds.map((round) => round[name])),
      added: median(added),
      p25: quantile(added, 0.25),
      p75: quantile(added, 0.75),
      ratio: median(added) / unit,
    };
  });
}

/**
 * Welch's t of two samples: how far their means lie apart, in units of what chance alone would do; and that unit.
 *
 * @param {readonly number[]} a at least two values
 * @param {readonly number[]} b at least two values
 */
export function welch(a, b) {
  const [one, other] = [a, b].map((values) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    return { mean, error: squares / (values.length - 1) / values.length };
  });
  const unit = Math.sqrt(one.error + other.error);
  return { t: (one.mean - other.mean) / unit, unit };
}
