/** @param summary what results.json holds */
export function chartOf(summary: unknown, labels: Readonly<Record<string, string>>): string;
