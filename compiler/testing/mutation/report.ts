import { frameOf } from "../../diagnostics/render/frame.js";
import { visible, visibleJson } from "../../diagnostics/render/visible.js";
import { counted } from "../../diagnostics/report.js";
import { secretsIn } from "../../diagnostics/secrets.js";
import { formatSpan } from "../../syntax/source.js";
import type { Mutation } from "./mutation.js";
import type { MutationResult } from "./run.js";

/** What came of all mutations of one policy. */
export interface PolicyMutations {
  /** Path of the policy file. */
  readonly policy: string;
  readonly results: readonly MutationResult[];
}

/** Mutations that no case notices, though one could. */
export function unnoticed({ results }: PolicyMutations): Mutation[] {
  return results.flatMap(({ mutation, outcome, excuse }) =>
    outcome === "survived" && excuse === undefined ? [mutation] : [],
  );
}

interface Summary {
  changes: number;
  failing: number;
  refused: number;
  unobservable: number;
  unnoticed: number;
}

function summaryOf(one: PolicyMutations): Summary {
  const { results } = one;
  const withOutcome = (outcome: MutationResult["outcome"]) => results.filter((result) => result.outcome === outcome);
  const missed = unnoticed(one).length;
  return {
    changes: results.length,
    failing: withOutcome("killed").length,
    refused: withOutcome("refused").length,
    unobservable: withOutcome("survived").length - missed,
    unnoticed: missed,
  };
}

/** A report for a terminal: a line for each policy, below it the changes that no case notices. */
export function renderMutationText(policies: readonly PolicyMutations[]): string {
  return policies
    .flatMap(policyLines)
    .map((line) => `${line}\n`)
    .join("");
}

function policyLines(one: PolicyMutations): string[] {
  const { changes, failing, refused, unobservable, unnoticed: missed } = summaryOf(one);
  const parts = [
    `${failing} make a case fail`,
    `${refused} are refused by check`,
    ...(unobservable > 0 ? [`${unobservable} are of what no test can see`] : []),
  ];
  const lines = unnoticed(one).flatMap((mutation) => ["", ...mutationLines(mutation)]);
  return [`${visible(one.policy)}: ${counted(changes, "change")}, ${missed} unnoticed: ${parts.join(", ")}`, ...lines];
}

/** The place of a mutation, what it does, and the line as it is. */
export function mutationLines({ span, operator, shown }: Mutation): string[] {
  const { line, text, indent, length } = frameOf(span, secretsIn(span.source));
  const gutter = String(line);
  return [
    `${visible(formatSpan(span))}: unnoticed: ${operator}: ${visible(shown)}`,
    `  ${gutter} | ${text}`,
    `  ${" ".repeat(gutter.length)} | ${" ".repeat(indent)}${"^".repeat(length)}`,
  ];
}

/** The same as a JSON document; places as `file:line:column`. */
export function renderMutationJson(policies: readonly PolicyMutations[]): string {
  const document = {
    policies: policies.map((one) => ({
      policy: one.policy,
      summary: summaryOf(one),
      unnoticed: unnoticed(one).map(({ span, operator, shown }) => ({
        place: formatSpan(span),
        operator,
        change: shown,
      })),
    })),
  };
  return `${visibleJson(document)}\n`;
}
