export function quantile(values: readonly number[], part: number): number;
export function median(values: readonly number[]): number;
export function acceptRounds(
  rounds: readonly Record<string, number>[],
  base: string,
  tolerance: number,
): Record<string, number>[];
export interface Comparison {
  name: string;
  total: number;
  added: number;
  p25: number;
  p75: number;
  ratio: number;
}
export function compareVariants(
  rounds: readonly Record<string, number>[],
  names: readonly string[],
  against: { base: string; peer: string },
): Comparison[];
export function welch(a: readonly number[], b: readonly number[]): { t: number; unit: number };
