/*
 * A slice is a tenth of a second of load on one variant. On a machine with other work many slices are disturbed: the
 * proxy then has less of its core than it could have. Those are made again, and never counted. The time of a process that counts
 * with the proxy is looked at too: where that does the work, the proxy waits for it, now longer and now shorter.
 */

/** Of the best part of a core that what counts has had under a variant. */
const LEAST_PART = 0.92;

/**
 * @typedef {{ spent: number, proxy: number, took: number, answers: number }} Slice nanoseconds of CPU that count for the
 *   variant, of the proxy alone, of wall-clock time; requests
 */

/** Knows how much of its core, or cores, each variant can have, and so which slices were disturbed. */
export class SliceGauge {
  #best = new Map();

  /** @param {Slice} slice */
  isDisturbed(name, slice) {
    const part = slice.spent / slice.took;
    const best = Math.max(part, this.#best.get(name) ?? 0);
    this.#best.set(name, best);
    return part < best * LEAST_PART;
  }
}

/**
 * CPU a request over the slices of one round.
 *
 * @param {ReadonlyMap<string, readonly Slice[]>} slices by variant
 * @returns {Record<string, number> | undefined} nanoseconds; undefined if a variant has no slice
 */
export function roundOf(slices) {
  const values = {};
  for (const [name, list] of slices) {
    const answers = list.reduce((sum, slice) => sum + slice.answers, 0);
    if (answers === 0) return undefined;
    values[name] = list.reduce((sum, slice) => sum + slice.spent, 0) / answers;
  }
  return values;
}

/** The order of a pass: every variant comes to stand in every place. */
export function orderOf(names, pass) {
  const turned = names.map((_, index) => names[(index + pass) % names.length]);
  return pass % 2 === 0 ? turned : turned.toReversed();
}
