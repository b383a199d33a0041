/** Bytes `first` to `last` lead on to the node `next`. */
export interface Arc {
  readonly first: number;
  readonly last: number;
  readonly next: number;
}

/** The node after the last byte of a character. */
export const COMPLETE = 0;

/** The first and last code point of a range. */
export type Runes = readonly [first: number, last: number];

/**
 * Reads characters of given sets byte by byte (RFC 3629, section 3). A node says which bytes may come next; equal nodes
 * are one, so that sets share what follows their first bytes.
 */
export class Utf8Nodes {
  /** Arcs of each node, by first byte; they do not overlap. */
  readonly arcs: (readonly Arc[])[] = [[]];
  readonly #known = new Map<string, number>();

  /** The node that reads one character of the ranges, which are sorted and do not overlap. */
  add(ranges: readonly Runes[]): number {
    return this.#intern(ranges.flatMap(withoutSurrogates).flatMap(sequences));
  }

  /** Sequences of byte ranges; two of them begin with the same range or with ranges that do not overlap. */
  #intern(all: readonly (readonly Runes[])[]): number {
    const groups = new Map<number, { range: Runes; rests: (readonly Runes[])[] }>();
    for (const [range, ...rest] of all) {
      if (range === undefined) return COMPLETE;
      const group = groups.get(range[0]);
      if (group === undefined) groups.set(range[0], { range, rests: [rest] });
      else group.rests.push(rest);
    }
    const arcs = [...groups.values()].map(({ range: [first, last], rests }) => {
      return { first, last, next: this.#intern(rests) };
    });
    const key = arcs.map(({ first, last, next }) => `${first},${last},${next}`).join(";");
    const known = this.#known.get(key) ?? this.arcs.push(arcs) - 1;
    this.#known.set(key, known);
    return known;
  }
}

/** UTF-8 has no code for half of a surrogate pair. */
function withoutSurrogates([first, last]: Runes): Runes[] {
  const ranges: Runes[] = [
    [first, Math.min(last, 0xd7ff)],
    [Math.max(first, 0xe000), last],
  ];
  return ranges.filter(([low, high]) => low <= high);
}

/** The last code points of one, two and three bytes. */
const LAST = [0x7f, 0x7ff, 0xffff] as const;

/** Splits a range until each part is all combinations of one range for each byte. */
function sequences([first, last]: Runes): Runes[][] {
  for (const boundary of LAST)
    if (first <= boundary && boundary < last)
      return [...sequences([first, boundary]), ...sequences([boundary + 1, last])];
  if (last <= 0x7f) return [[[first, last]]];
  for (const mask of [0x3f, 0xfff, 0x3ffff]) {
    if ((first & ~mask) === (last & ~mask)) break;
    if ((first & mask) !== 0) return [...sequences([first, first | mask]), ...sequences([(first | mask) + 1, last])];
    const low = last & ~mask;
    if ((last & mask) !== mask) return [...sequences([first, low - 1]), ...sequences([low, last])];
  }
  const from = Buffer.from(String.fromCodePoint(first));
  const to = Buffer.from(String.fromCodePoint(last));
  return [[...from].map((byte, index): Runes => [byte, to[index] ?? byte])];
}
