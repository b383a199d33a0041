export const PATHS: { readonly direct: string; readonly forward: string };
export const consumers: readonly { name: string; tier: string; groups: readonly string[]; key: string }[];
export function policyText(): string;
