import { SaxesParser } from "saxes";

/** An element of a message. */
export interface XmlNode {
  local: string;
  /** Empty for none. */
  namespace: string;
  /** But for declarations of namespaces. */
  attributes: { local: string; namespace: string; value: string }[];
  children: XmlNode[];
  /** All text directly in it, with references resolved. */
  text: string;
}

const DEEPEST = 512;

/** The element that a text is; undefined if it is not well-formed, has a document type, or is too deep. */
export function readTree(text: string): XmlNode | undefined {
  const parser = new SaxesParser({ xmlns: true });
  const open: XmlNode[] = [];
  let root: XmlNode | undefined;
  let isBroken = false;
  parser.on("error", () => {
    isBroken = true;
  });
  parser.on("doctype", () => {
    isBroken = true;
  });
  parser.on("opentag", ({ local, uri, attributes }) => {
    const node: XmlNode = { local, namespace: uri, attributes: [], children: [], text: "" };
    for (const one of Object.values(attributes))
      if (one.prefix !== "xmlns" && one.name !== "xmlns")
        node.attributes.push({ local: one.local, namespace: one.uri, value: one.value });
    open.at(-1)?.children.push(node);
    root ??= node;
    open.push(node);
    if (open.length > DEEPEST) isBroken = true;
  });
  parser.on("closetag", () => open.pop());
  const add = (more: string) => {
    const node = open.at(-1);
    if (node !== undefined) node.text += more;
  };
  parser.on("text", add);
  parser.on("cdata", add);
  parser.write(text).close();
  return isBroken ? undefined : root;
}

export function childrenNamed(node: XmlNode, namespace: string, local: string): XmlNode[] {
  return node.children.filter((child) => child.namespace === namespace && child.local === local);
}
