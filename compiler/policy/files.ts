import { posix } from "node:path";
import { z } from "zod";
import { type Diagnostic, diagnose, type Related } from "../diagnostics/diagnostic.js";
import { locate, type MapNode, type Node, nodeAt, readDocument, type ScalarNode, toValue } from "../syntax/document.js";
import { besideOf, type Loader } from "../syntax/loader.js";
import type { SourceFile, Span } from "../syntax/source.js";
import { SEPARATOR_LIMIT, separatorsIn } from "../syntax/text.js";
import { notAPath, unread } from "./file-names.js";
import { gatewaySchema, include, MOST_FILES } from "./gateway.js";
import { issuesToDiagnostics, type Place } from "./issues.js";
import { knownKeys } from "./keys.js";
import { mergeFiles } from "./merge.js";

/** A file that was read as YAML. */
export interface Document {
  readonly source: SourceFile;
  readonly root: Node;
}

/** A policy file and all that it includes. */
export interface GatewayFiles {
  /** The gateway that the files make together; absent if the main file could not be read. */
  root?: Node;
  documents: readonly Document[];
  /** Every file that is named, the main one first, as findings name it; also those that could not be read. */
  paths: readonly string[];
  /** False if a file could not be read, so that not all names are known. */
  complete: boolean;
  diagnostics: readonly Diagnostic[];
}

/** The value of `kind` at the top of a file; undefined if there is none. */
export function kindOf(root: Node): string | undefined {
  const node = nodeAt(root, ["kind"]);
  return node?.kind === "scalar" && typeof node.value === "string" ? node.value : undefined;
}

/** Reads a policy file and what it includes, each file once, and puts them together. */
export function readGatewayFiles(main: SourceFile, loader: Loader): GatewayFiles {
  const { root, diagnostics } = readDocument(main);
  if (root === undefined) return { documents: [], paths: [main.path], complete: false, diagnostics };
  const reader = new Reader(main, loader);
  const alone = { documents: [{ source: main, root }], paths: [main.path], complete: true };
  if (kindOf(root) === "Fragment")
    return { ...alone, diagnostics: [...diagnostics, diagnose("SL0708", {}, locate(root, ["kind"], "value"))] };
  if (kindOf(root) === "Test")
    return { ...alone, diagnostics: [...diagnostics, diagnose("SL0808", {}, locate(root, ["kind"], "value"))] };
  if (root.kind !== "map" || nodeAt(root, ["include"]) === undefined) return { root, ...alone, diagnostics };
  reader.readIncludes(root, { id: loader.main, path: posix.basename(main.path) });
  const merged = mergeFiles(root, reader.fragments);
  return {
    root: merged.root,
    documents: [...alone.documents, ...reader.documents],
    paths: [...alone.paths, ...reader.paths],
    complete: reader.complete,
    diagnostics: [...diagnostics, ...reader.findings, ...merged.diagnostics],
  };
}

/** All files together, in bytes of UTF-8: each alone may have a quarter of it. */
const MOST_BYTES = 16 * 1024 * 1024;

interface File {
  readonly id: string;
  /** From the folder of the main file. */
  readonly path: string;
  /** The item that names it; the main file has none. */
  readonly item?: Span;
}

class Reader {
  readonly fragments: MapNode[] = [];
  readonly documents: Document[] = [];
  readonly paths: string[] = [];
  readonly findings: Diagnostic[] = [];
  complete = true;
  private readonly main: SourceFile;
  private readonly loader: Loader;
  /** The item that names a file first, by the id of the file. */
  private readonly first = new Map<string, Span>();
  private readonly chain: File[] = [];
  private named = 1;
  private bytes = 0;
  private separators: number;
  private full = false;

  constructor(main: SourceFile, loader: Loader) {
    this.main = main;
    this.loader = loader;
    this.separators = separatorsIn(main.text);
  }

  readIncludes(root: MapNode, file: File): void {
    this.chain.push(file);
    const list = nodeAt(root, ["include"]);
    for (const item of list?.kind === "list" ? list.items : [])
      if (item.kind === "scalar" && typeof item.value === "string" && item.value !== "")
        this.readItem(item, item.value, file);
    this.chain.pop();
  }

  private readItem(item: ScalarNode, text: string, from: File): void {
    if (this.full) return;
    const what = notAPath(text);
    const path = posix.normalize(posix.join(posix.dirname(from.path), text));
    if (what !== undefined) this.refuse(diagnose("SL0703", { what }, item.span));
    else if (path === ".." || path.startsWith("../")) this.refuse(diagnose("SL0702", { path: text }, item.span));
    else if (++this.named > MOST_FILES) this.stop(item, text, `${MOST_FILES} files`);
    else this.load(path, item, text, from);
  }

  private load(path: string, item: ScalarNode, text: string, from: File): void {
    this.paths.push(besideOf(this.main, path));
    const loaded = this.loader.load(path);
    if (loaded.outcome !== "read") {
      this.refuse(unread(this.loader, loaded, { path: text, from: from.path, span: item.span, how: "included" }));
      return;
    }
    const file = { id: loaded.id, path, item: item.span };
    const again = this.inclusionAgain(file, text);
    if (again === undefined) this.take(loaded.source, item, text, file);
    else this.findings.push(again);
  }

  private inclusionAgain({ id, item }: Required<File>, path: string): Diagnostic | undefined {
    const begin = this.chain.findIndex((other) => other.id === id);
    if (begin >= 0) {
      const related = this.chain
        .slice(begin)
        .flatMap((other): Related[] => (other.item ? [{ message: "by way of this", span: other.item }] : []));
      return diagnose("SL0705", { path }, item, { related });
    }
    const first = this.first.get(id);
    if (first === undefined) return undefined;
    return diagnose("SL0704", { path }, item, { related: [{ message: "first included here", span: first }] });
  }

  private take(source: SourceFile, item: ScalarNode, text: string, file: Required<File>): void {
    this.first.set(file.id, file.item);
    this.bytes += Buffer.byteLength(source.text);
    if (this.bytes > MOST_BYTES) {
      this.stop(item, text, `${MOST_BYTES / 1024 / 1024} MiB`);
      return;
    }
    const own = separatorsIn(source.text);
    this.separators += own;
    // A file that has too many by itself is told so at its own place.
    if (own <= SEPARATOR_LIMIT && this.separators > SEPARATOR_LIMIT) {
      this.stop(item, text, `${SEPARATOR_LIMIT} line breaks, commas, colons and brackets`);
      return;
    }
    const root = this.fragment(source);
    if (root === undefined) this.complete = false;
    else {
      this.fragments.push(root);
      this.readIncludes(root, file);
    }
  }

  /** The tree of a fragment; undefined if it is none or cannot be read. */
  private fragment(source: SourceFile): MapNode | undefined {
    const { root, diagnostics } = readDocument(source);
    this.findings.push(...diagnostics);
    if (root === undefined) return undefined;
    this.documents.push({ source, root });
    const place: Place = (path, part = "value") => locate(root, path, part);
    const kind = nodeAt(root, ["kind"]);
    if (kind !== undefined && kindOf(root) !== "Fragment") {
      const found = kind.kind === "scalar" ? `\`${String(kind.value)}\`` : "no text";
      this.findings.push(diagnose("SL0707", { found }, kind.span));
      return undefined;
    }
    const { error } = fragmentHead.safeParse(toValue(root), { reportInput: true });
    const issues = error?.issues ?? [];
    this.findings.push(...issuesToDiagnostics(issues.map(ofAnyFile), place, (path) => knownKeys(fragmentHead, path)));
    for (const key of issues.flatMap(keysOfGateway))
      this.findings.push(diagnose("SL0101", { key, hint: "; it stands in the policy file only" }, place([key], "key")));
    // A section of another type holds names that nobody knows, and so does a file of another version.
    if (issues.some((issue) => issue.path.length === 1 && issue.path[0] !== "include")) this.complete = false;
    return root.kind === "map" && !issues.some((issue) => issue.path[0] === "apiVersion") ? root : undefined;
  }

  private refuse(finding: Diagnostic): void {
    this.findings.push(finding);
    this.complete = false;
  }

  private stop(item: ScalarNode, path: string, limit: string): void {
    this.refuse(diagnose("SL0706", { path, limit }, item.span));
    this.full = true;
  }
}

const { apiVersion } = gatewaySchema.shape;
const named = z.record(z.string(), z.unknown()).optional();

/** The outline of a fragment. Its sections are checked with those of the other files, as one gateway. */
const fragmentHead = z.strictObject({
  apiVersion,
  kind: z.literal("Fragment"),
  include: include.optional(),
  listeners: named,
  services: named,
  consumers: named,
  policies: named,
  routes: z.array(z.unknown()).optional(),
});

type Issue = z.core.$ZodIssue;

/** Keys at the top of a fragment that have their one home in the policy file. */
function keysOfGateway(issue: Issue): string[] {
  return issue.code === "unrecognized_keys" ? issue.keys.filter((key) => Object.hasOwn(gatewaySchema.shape, key)) : [];
}

function ofAnyFile(issue: Issue): Issue {
  if (issue.code !== "unrecognized_keys") return issue;
  const elsewhere = keysOfGateway(issue);
  return { ...issue, keys: issue.keys.filter((key) => !elsewhere.includes(key)) };
}
