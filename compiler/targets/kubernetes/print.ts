import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { objectToYaml } from "../../envoy/print.js";
import type { Span } from "../../syntax/source.js";
import type { Where } from "../target.js";
import { child } from "../where.js";
import type { Origins, Resource } from "./resource.js";

/**
 * Resources as one YAML text of several documents. Equal resources give equal bytes.
 *
 * @param head lines of comments for people who open the file
 */
export function resourcesText(head: readonly string[], resources: readonly Resource[]): string {
  const comments = head.map((line) => `# ${line}\n`).join("");
  // In front of the first `---` they would be a document without a kind to Envoy Gateway's own reader, which refuses that.
  return resources.map((one, index) => `---\n${index === 0 ? comments : ""}${objectToYaml(plain(one))}`).join("");
}

function plain({ apiVersion, kind, metadata, spec }: Resource): JsonObject {
  const { name, namespace, labels, annotations } = metadata;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels: { ...labels } }),
      ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
    },
    spec,
  };
}

/** Which place of the policy a field of the text is made from: the path begins with the number of the document, from 0. */
export function whereIn(resources: readonly Resource[], origins: Origins): Where {
  return (path) => {
    const [document, ...rest] = path;
    const one = typeof document === "number" ? resources[document] : undefined;
    if (one === undefined) return undefined;
    let found: Span | undefined = origins.of(one);
    const [first, ...below] = rest;
    let value: JsonValue | undefined = first === "spec" ? one.spec : undefined;
    for (const step of below) {
      found = spanOf(value, origins) ?? found;
      value = child(value, step);
    }
    return spanOf(value, origins) ?? found;
  };
}

function spanOf(value: JsonValue | undefined, origins: Origins): Span | undefined {
  return typeof value === "object" && value !== null ? origins.of(value) : undefined;
}
