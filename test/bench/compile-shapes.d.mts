/** The shapes of large policy files that are measured. */
export const shapeNames: readonly string[];

/** What is special about a shape, in a few words. */
export function aboutShape(name: string): string;

/** The text of a policy file of a shape; it has no error. 300 policies if nothing is said, never more than routes. */
export function policyText(name: string, routes: number, policies?: number): string;
