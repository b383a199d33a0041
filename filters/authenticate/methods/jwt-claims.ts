import { diagnose } from "../../../compiler/diagnostics/diagnostic.js";
import type { PolicyContext } from "../../../compiler/policy/kind.js";
import type { Path } from "../../../compiler/syntax/document.js";
import { removal, removeEntry } from "../../../compiler/syntax/edits.js";
import { pathOfClaim } from "./claim-path.js";

/** A claim and the header that tells it. */
export interface ClaimHeader {
  /** Names with spaces between them. */
  claim: string;
  header: string;
}

const MOST_HEADERS = 32;

/** Names that the connection, Envoy, identity or credentials need for themselves. */
const TAKEN =
  /^(host|connection|content-.*|transfer-encoding|te|trailer|upgrade|keep-alive|cookie|authorization|proxy-.*|x-consumer(-tier|-groups)?|x-forwarded-.*|x-envoy-.*|x-request-id|forwarded)$/;

/** The headers of `claimsToHeaders`; undefined after an error was reported. */
export function planClaimHeaders(
  written: Readonly<Record<string, string>>,
  path: Path,
  context: PolicyContext,
): ClaimHeader[] | undefined {
  const headers: ClaimHeader[] = [];
  let sound = true;
  for (const [claim, header] of Object.entries(written)) {
    const why = problemOf(header, headers);
    if (why === undefined) {
      headers.push({ claim: pathOfClaim(claim), header });
      continue;
    }
    const map = context.node(path);
    const edits = map?.kind === "map" ? removeEntry(map, claim) : undefined;
    context.report(
      diagnose("SL0498", { header, why }, context.place([...path, claim]), removal("remove it", false, edits)),
    );
    sound = false;
  }
  return sound ? headers : undefined;
}

function problemOf(header: string, before: readonly ClaimHeader[]): string | undefined {
  if (TAKEN.test(header)) return "it is used for something else";
  if (before.some((one) => one.header === header)) return "another claim has it";
  return before.length >= MOST_HEADERS ? `at most ${MOST_HEADERS} claims are told` : undefined;
}
