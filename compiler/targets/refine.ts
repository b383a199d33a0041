import { readDocument } from "../syntax/document.js";
import type { Node, Path } from "../syntax/node.js";
import type { Span } from "../syntax/source.js";

/**
 * The part of what a field is made from that has its name: of a route its `timeout`, of rules the one with its number. Steps of the output that the
 * policy does not have are passed over.
 *
 * @param span where the route, policy, listener or service stands that the field is made from
 * @param path of the field in the output
 */
export function refined(span: Span, path: Path): Span {
  const { root } = readDocument(span.source);
  let node = root === undefined ? undefined : nodeFrom(root, span.start);
  let found = span;
  for (const step of path) {
    const inner = node === undefined ? undefined : childOf(node, step);
    if (inner === undefined) continue;
    node = inner.value;
    found = inner.span;
  }
  return found;
}

/** What stands in a mapping under the key that begins at a place, or else the item of a list. */
function nodeFrom(node: Node, start: number): Node | undefined {
  if (node.kind === "scalar") return undefined;
  if (node.kind === "map") {
    for (const { key, value } of node.entries) {
      const found = key.span.start === start ? value : nodeFrom(value, start);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return (
    node.items.find((item) => item.span.start === start) ?? node.items.flatMap((one) => nodeFrom(one, start) ?? [])[0]
  );
}

/** What the output calls otherwise than the policy. */
const OTHER_NAMES: Readonly<Record<string, string>> = { directresponse: "respond", requestredirect: "redirect" };

function childOf(node: Node, step: string | number): { value: Node; span: Span } | undefined {
  if (node.kind === "list") {
    const item = typeof step === "number" ? node.items[step] : undefined;
    return item === undefined ? undefined : { value: item, span: item.span };
  }
  if (node.kind === "scalar" || typeof step === "number") return undefined;
  const name = plain(step);
  const entry = node.entries.find(({ key }) => [name, OTHER_NAMES[name]].includes(plain(String(key.value))));
  return entry === undefined ? undefined : { value: entry.value, span: entry.key.span };
}

/** A name in whatever way it is spelt: `direct_response`, `directResponse`. */
function plain(name: string): string {
  return name.replace(/[_-]/g, "").toLowerCase();
}
