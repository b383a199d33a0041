import { GroupedExpression } from "../envoy/re2-groups.js";
import type { RewritePlan } from "../plan/forwarding.js";
import type { Substitution } from "../policy/rewrite.js";
import { pathOnly } from "./match.js";
import { wireOfText } from "./wire-text.js";

/** What a service gets in place of the path and the host of a request; what is absent stays. */
export function rewritten(rewrite: RewritePlan | undefined, path: string): { path?: string; host?: string } {
  if (rewrite === undefined) return {};
  const { path: newPath, host } = rewrite;
  const asked = pathOnly(path);
  return {
    ...(newPath === undefined ? {} : { path: `${substituted(newPath, asked)}${path.slice(asked.length)}` }),
    ...(host === undefined ? {} : { host: "host" in host ? host.host : substituted(host, asked) }),
  };
}

const compiled = new WeakMap<Substitution, GroupedExpression>();

/** The expressions are anchored, so there is one match or none; the routes that have them take nothing else. */
function substituted(rewrite: Substitution, path: string): string {
  const expression = compiled.get(rewrite) ?? new GroupedExpression(wireOfText(rewrite.regex));
  compiled.set(rewrite, expression);
  const groups = expression.match(wireOfText(path));
  if (groups === undefined) return path;
  return rewrite.substitution.replace(/\\([0-9])/g, (_, digit: string) => groups[Number(digit)] ?? "");
}
