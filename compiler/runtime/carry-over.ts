import * as z from "zod";
import { readYaml } from "../envoy/print.js";

const response = z.looseObject({ resources: z.array(z.looseObject({ name: z.string() })) });

/**
 * The next clusters, followed by those that only the former response names: a DiscoveryResponse as text. Returns `next`
 * untouched if nothing is to be kept, or if one of the two is not readable here (Envoy then says why).
 */
export function carryOver(former: string, next: string): string {
  const before = read(former);
  const after = read(next);
  if (before === undefined || after === undefined) return next;
  const names = new Set(after.resources.map((resource) => resource.name));
  const kept = before.resources.filter((resource) => !names.has(resource.name));
  if (kept.length === 0) return next;
  // JSON is YAML in which no string can be taken for something else.
  return `${JSON.stringify({ ...after, resources: [...after.resources, ...kept] })}\n`;
}

function read(text: string): z.infer<typeof response> | undefined {
  try {
    const parsed = response.safeParse(readYaml(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
