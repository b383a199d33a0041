export const RESULTS: string;
export const CHART: string;
export const README: string;
export const LABELS: Readonly<Record<string, string>>;
/** @param summary what results.json holds */
export function sectionOf(summary: unknown): string;
export function readmeWith(readme: string, section: string): string;
