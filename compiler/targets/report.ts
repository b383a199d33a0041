import type { JsonObject } from "../plan/plan.js";
import { FEATURES } from "./features.js";
import { provenance } from "./provenance.js";
import type { Support, SupportedUse } from "./support.js";

/** What one target does with everything that a policy file asks for. */
export interface TargetSupport {
  target: string;
  version: string;
  uses: readonly SupportedUse[];
}

/** For machines: every target with each thing that is asked for, in the order of the plan. */
export function reportJson(targets: readonly TargetSupport[]): string {
  const object = targets.map(({ target, version, uses }) => ({ target, version, uses: uses.map(entry) }));
  return `${JSON.stringify({ targets: object }, undefined, 2)}\n`;
}

function entry({ id, subject, origin, support }: SupportedUse): JsonObject {
  return { subject, feature: id, origin: provenance(origin), ...support };
}

/** For people: a line for each thing that is asked for, a column for each target, and below it why it is not native everywhere. */
export function reportMarkdown(targets: readonly TargetSupport[]): string {
  const [first] = targets;
  if (first === undefined) return "";
  const heads = ["asked for by", "feature", ...targets.map(({ target, version }) => `${target} ${version}`)];
  const lines = first.uses.map(({ id, subject, origin }, index) => [
    `${subject} (${provenance(origin)})`,
    `\`${id}\`: ${FEATURES[id]}`,
    ...targets.map(({ uses }) => (uses[index] === undefined ? "" : cell(uses[index].support))),
  ]);
  return [row(heads), row(heads.map(() => "---")), ...lines.map(row), "", ...reasons(targets)].join("\n");
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
}

function cell(support: Support): string {
  return support.means === "refused" ? "**refused**" : `${support.means}: ${support.by}`;
}

/** Each reason once, with all that it is the reason for. */
function reasons(targets: readonly TargetSupport[]): string[] {
  return targets.flatMap(({ target, version, uses }) => {
    const by = new Map<string, Set<string>>();
    for (const { id, support } of uses)
      if ("reason" in support) {
        const key = `${support.means}: ${support.reason}`;
        by.set(key, (by.get(key) ?? new Set()).add(`\`${id}\``));
      }
    if (by.size === 0) return [];
    const items = [...by].map(([reason, ids]) => `- ${[...ids].join(", ")} is ${reason}`);
    return [`${target} ${version}:`, "", ...items, ""];
  });
}
