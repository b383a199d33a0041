export interface Slice {
  spent: number;
  proxy: number;
  took: number;
  answers: number;
}
export class SliceGauge {
  isDisturbed(name: string, slice: Slice): boolean;
}
export function roundOf(slices: ReadonlyMap<string, readonly Slice[]>): Record<string, number> | undefined;
export function orderOf(names: readonly string[], pass: number): string[];
