import { basename, dirname } from "node:path";
import { shown, targetNames } from "../../index.js";
import { formatSpan } from "../../syntax/source.js";
import { refined } from "../../targets/refine.js";
import type { Artifact, Emission } from "../../targets/target.js";
import { pathOfLine, pathText, readPath } from "../../targets/where.js";
import { contentsIn } from "../compiled-folder.js";
import { UsageError } from "../exit.js";

/** How a place of the output is named, for messages. */
export const WHERE_EXAMPLE = "sluice explain -p policy.yaml --where build/envoy.yaml:120";

/**
 * Which line of a policy a place of the output is made from. A line is looked up in the file if it is there, else in what the
 * policy gives now.
 *
 * @param place `FILE:LINE`, or `FILE:PATH`
 */
export async function wherePage(policy: string, place: string): Promise<string> {
  const [, file = "", at = ""] = /^([^:]+):(.+)$/.exec(place) ?? [];
  if (at === "") throw new UsageError(`--where wants FILE:LINE or FILE:PATH, not ${place}\nexample: ${WHERE_EXAMPLE}`);
  const { emission, artifact } = await artifactOf(policy, basename(file));
  const text = contentsIn(dirname(file), basename(file))?.toString("utf8") ?? artifact.contents;
  const path = /^[0-9]+$/.test(at) ? pathOfLine(text, Number.parseInt(at, 10)) : readPath(at, text);
  if (path === undefined) throw new UsageError(`nothing is at ${at} of ${file}`);
  const whole = emission.where[artifact.path]?.(path);
  if (whole === undefined) throw new UsageError(`${policy} makes nothing at ${pathText(path)} of ${artifact.path}`);
  const span = refined(whole, path);
  const { line } = span.source.position(span.start);
  return `${pathText(path)}\n  is made from ${formatSpan(span)}\n  ${span.source.line(line).trim()}\n`;
}

/** What a policy gives under the name of a file, whichever target writes it. */
async function artifactOf(policy: string, name: string): Promise<{ emission: Emission; artifact: Artifact }> {
  const known: string[] = [];
  for (const target of targetNames) {
    const { emission } = await shown(policy, target);
    const artifact = emission?.artifacts.find((one) => one.path === name);
    if (emission !== undefined && artifact !== undefined) return { emission, artifact };
    known.push(...Object.keys(emission?.where ?? {}));
  }
  throw new UsageError(`${policy} gives no file ${name}; --where knows ${known.join(", ") || "none"}`);
}
