import { posix } from "node:path";
import { type Diagnostic, diagnose } from "../../../compiler/diagnostics/diagnostic.js";
import type { Loaded } from "../../../compiler/syntax/loader.js";
import type { SourceFile } from "../../../compiler/syntax/source.js";
import { attributeOf, childrenOf, SOAP_ENCODINGS, textOf, WSDL, XML, XSD } from "./names.js";
import { readXml, type XmlAttribute, type XmlElement } from "./xml.js";

/** A WSDL and what it imports. Paths have `/`, no `..`, and begin at the folder of the policy. */
export interface WsdlFiles {
  readonly path: string;
  readonly source: SourceFile;
  load(path: string): Loaded;
}

/** All that the files hold, in the order in which they are reached. */
export interface Documents {
  /** Elements `wsdl:definitions`. */
  readonly definitions: XmlElement[];
  readonly schemas: SchemaDocument[];
  /** Imports that are not read, by namespace: findings once something of the namespace is used that nothing else defines. */
  readonly unread: Map<string, Diagnostic>;
}

export interface SchemaDocument {
  /** An element `xsd:schema`. */
  readonly root: XmlElement;
  /** That of who includes it, if it has none itself. */
  readonly namespace: string;
  /** True if it has none itself: its references without a namespace mean that of who includes it. */
  readonly adopted: boolean;
  readonly qualified: { readonly elements: boolean; readonly attributes: boolean };
}

/** One file to read, or an element of one that was read. */
interface Wanted {
  readonly path: string;
  readonly at: XmlAttribute | undefined;
  readonly as: "wsdl" | "schema";
  /** Of `xsd:import` the namespace that it must have, of `xsd:include` that of who includes it. */
  readonly namespace?: { readonly relation: "import" | "include"; readonly name: string };
}

/** Files of one service. */
const MOST_FILES = 256;

/** Namespaces whose components are built in, or refused wherever they are used, so that no file is needed. */
const BUILT_IN: readonly string[] = [XSD, XML, ...SOAP_ENCODINGS];

/** Reads the WSDL and all that it imports and includes; whatever leads in a circle is read once. */
export function readDocuments(files: WsdlFiles, report: (finding: Diagnostic) => void): Documents {
  const reading = new Reading(files, report);
  reading.ask({ path: files.path, at: undefined, as: "wsdl" });
  reading.run();
  return reading.documents;
}

class Reading {
  readonly documents: Documents = { definitions: [], schemas: [], unread: new Map() };
  private readonly files: WsdlFiles;
  private readonly report: (finding: Diagnostic) => void;
  private readonly queue: Wanted[] = [];
  private readonly roots = new Map<string, XmlElement | undefined>();
  private readonly done = new Set<string>();

  constructor(files: WsdlFiles, report: (finding: Diagnostic) => void) {
    this.files = files;
    this.report = report;
  }

  ask(wanted: Wanted): void {
    this.queue.push(wanted);
  }

  run(): void {
    // The queue grows while it is read.
    for (const wanted of this.queue) this.read(wanted);
  }

  private read(wanted: Wanted): void {
    const loaded = this.load(wanted);
    if (loaded === undefined) return;
    if (this.roots.size >= MOST_FILES && !this.roots.has(loaded.id)) {
      if (wanted.at !== undefined)
        this.report(diagnose("SL1103", { what: "files", limit: MOST_FILES }, wanted.at.span));
      return;
    }
    const root = this.roots.has(loaded.id) ? this.roots.get(loaded.id) : readXml(loaded.source, this.report);
    this.roots.set(loaded.id, root);
    if (root !== undefined) this.readRoot(root, loaded.id, wanted);
  }

  private readRoot(root: XmlElement, id: string, wanted: Wanted): void {
    const isSchema = root.namespace === XSD && root.local === "schema";
    // Some tools have `wsdl:import` for a schema.
    if (isSchema && wanted.at !== undefined) {
      this.readSchema(root, id, wanted);
      return;
    }
    if (wanted.as === "schema" || root.namespace !== WSDL || root.local !== "definitions") {
      const expected = wanted.as === "schema" ? "an XML Schema (`xsd:schema`)" : "a WSDL 1.1 (`wsdl:definitions`)";
      const where = root.namespace === "" ? "without a namespace" : `of \`${root.namespace}\``;
      this.report(diagnose("SL1106", { expected, found: `\`${root.local}\` ${where}` }, root.span));
      return;
    }
    if (this.isDone(`wsdl ${id}`)) return;
    this.documents.definitions.push(root);
    for (const types of childrenOf(root, WSDL, "types"))
      for (const schema of childrenOf(types, XSD, "schema"))
        this.addSchema(schema, textOf(schema, "targetNamespace") ?? "", wanted.path);
    for (const child of childrenOf(root, WSDL, "import")) {
      const location = attributeOf(child, "location");
      if (location !== undefined) this.follow(location, wanted.path, "wsdl");
      else this.report(diagnose("SL1113", { element: "import", attribute: "location" }, child.span));
    }
  }

  private readSchema(root: XmlElement, id: string, { namespace, path, at }: Wanted): void {
    const own = textOf(root, "targetNamespace") ?? "";
    const adopted = namespace?.relation === "include" && own === "";
    if (namespace !== undefined && namespace.name !== own && !adopted) {
      const span = at?.span ?? root.span;
      this.report(diagnose("SL1107", { path, found: own || "none", expected: namespace.name || "none" }, span));
      return;
    }
    const target = adopted ? namespace.name : own;
    if (!this.isDone(`schema ${id} ${target}`)) this.addSchema(root, target, path);
  }

  private addSchema(root: XmlElement, namespace: string, path: string): void {
    const isQualified = (name: string) => textOf(root, name) === "qualified";
    this.documents.schemas.push({
      root,
      namespace,
      adopted: namespace !== "" && textOf(root, "targetNamespace") === undefined,
      qualified: { elements: isQualified("elementFormDefault"), attributes: isQualified("attributeFormDefault") },
    });
    for (const child of childrenOf(root, XSD, "import", "include", "redefine")) {
      const location = attributeOf(child, "schemaLocation");
      const name = child.local === "import" ? (textOf(child, "namespace") ?? "") : namespace;
      if (child.local === "redefine") this.report(diagnose("SL1133", {}, child.span));
      else if (child.local === "import" && (location === undefined || BUILT_IN.includes(name))) continue;
      else if (location === undefined)
        this.report(diagnose("SL1113", { element: child.local, attribute: "schemaLocation" }, child.span));
      else this.follow(location, path, "schema", { relation: child.local === "import" ? "import" : "include", name });
    }
  }

  private follow(at: XmlAttribute, from: string, as: "wsdl" | "schema", namespace?: Wanted["namespace"]): void {
    const place = placeOf(at.value.trim(), from);
    if ("path" in place) this.ask({ path: place.path, at, as, ...(namespace === undefined ? {} : { namespace }) });
    else {
      const finding = diagnose("SL1105", { location: at.value, reason: place.refused }, at.span);
      // Many import from the web what they do not use, or have in another place.
      if (place.remote && namespace?.relation === "import") this.documents.unread.set(namespace.name, finding);
      else this.report(finding);
    }
  }

  private isDone(key: string): boolean {
    const known = this.done.has(key);
    this.done.add(key);
    return known;
  }

  private load({ path, at }: Wanted): Extract<Loaded, { outcome: "read" }> | undefined {
    if (at === undefined) return { outcome: "read", id: this.files.path, source: this.files.source };
    if (path === this.files.path) return { outcome: "read", id: path, source: this.files.source };
    const loaded = this.files.load(path);
    const refuse = (reason: string) => this.report(diagnose("SL1105", { location: at.value, reason }, at.span));
    switch (loaded.outcome) {
      case "read":
        return loaded;
      case "damaged":
        this.report(loaded.finding);
        break;
      case "missing":
        this.report(diagnose("SL1104", { path }, at.span));
        break;
      case "outside":
        refuse("a link leads out of the folder of the policy");
        break;
      case "not-a-file":
        refuse(`it is ${loaded.what}, not a file`);
        break;
      case "unreadable":
        refuse(`the system refuses to read it (${loaded.reason})`);
        break;
    }
    return undefined;
  }
}

/** Where a location leads to that stands in a file. */
function placeOf(location: string, from: string): { path: string } | { refused: string; remote?: boolean } {
  if (/^https?:/i.test(location))
    return { refused: "nothing is fetched; save it beside this file, and write the path of that", remote: true };
  if (/^([a-z][a-z0-9+.-]*:|[\\/])/i.test(location) || location.includes("\\"))
    return { refused: "only a path from this file on is read, with `/` between folders" };
  const path = posix.join(posix.dirname(from), decoded(location.replace(/#.*$/s, "")));
  if (path === ".." || path.startsWith("../")) return { refused: "it leads out of the folder of the policy" };
  return { path };
}

/** A space is `%20` in a location. */
function decoded(location: string): string {
  try {
    return decodeURIComponent(location);
  } catch {
    return location;
  }
}
