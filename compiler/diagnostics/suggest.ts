/** Each this many letters of the longer word allow one mistake, up to a few. */
const LETTERS_PER_MISTAKE = 3;
const MOST_MISTAKES = 3;

/**
 * The known word that `word` most likely stands for: one that differs only in case, `-` or `_` (`rate_limit` for
 * `rateLimit`), else the one with the fewest mistakes of typing. Of equally near words the first in `known`.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const typed = letters(word);
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    if (candidate === word) continue;
    const meant = letters(candidate);
    const longer = Math.max(typed.length, meant.length);
    const allowed = Math.min(Math.floor(longer / LETTERS_PER_MISTAKE), MOST_MISTAKES, bestDistance - 1);
    if (Math.abs(typed.length - meant.length) > allowed) continue;
    const distance = typed === meant ? 0 : mistakes(typed, meant);
    if (distance > allowed) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

function letters(word: string): string {
  return word.toLowerCase().replace(/[-_ ]/g, "");
}

/** Damerau-Levenshtein distance with adjacent transpositions (optimal string alignment). */
function mistakes(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + changed);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, at(beforeLast, j - 2) + 1);
      row.push(least);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
