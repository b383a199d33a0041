import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import type { Entry, MapNode, Node } from "../syntax/document.js";

/** Sections whose entries have names, with the word for one of them. */
export const NAMED_SECTIONS = {
  listeners: "listener",
  services: "service",
  consumers: "consumer",
  policies: "policy",
} as const;

/**
 * One tree out of a gateway and its fragments: named entries beside each other, routes in the order of inclusion. Every
 * node keeps the place in its own file. What is not one of these sections comes from the main file alone.
 */
export function mergeFiles(main: MapNode, fragments: readonly MapNode[]): { root: MapNode; diagnostics: Diagnostic[] } {
  if (fragments.length === 0) return { root: main, diagnostics: [] };
  const diagnostics: Diagnostic[] = [];
  const merged = new Map<string, Entry>();
  for (const [section, what] of Object.entries(NAMED_SECTIONS)) {
    const entry = namedEntries(sectionIn(section, main, fragments), what, diagnostics);
    if (entry !== undefined) merged.set(section, entry);
  }
  const routes = items(sectionIn("routes", main, fragments));
  if (routes !== undefined) merged.set("routes", routes);

  const own = main.entries.map((entry) => merged.get(nameOf(entry)) ?? entry);
  const added = [...merged].filter(([section]) => !main.entries.some((entry) => nameOf(entry) === section));
  return { root: { ...main, entries: [...own, ...added.map(([, entry]) => entry)] }, diagnostics };
}

/** A section of all files, as each has it; of the main file alone if that is no section of ours, for its shape is wrong. */
function sectionIn(section: string, main: MapNode, fragments: readonly MapNode[]): Entry[] {
  const fits = (value: Node) => value.kind === (section === "routes" ? "list" : "map");
  const [own] = entriesOf(main, section);
  if (own !== undefined && !fits(own.value)) return [];
  return [main, ...fragments].flatMap((file) => entriesOf(file, section)).filter((entry) => fits(entry.value));
}

function entriesOf(file: MapNode, section: string): readonly Entry[] {
  return file.entries.filter((entry) => nameOf(entry) === section);
}

function namedEntries(sections: readonly Entry[], what: string, diagnostics: Diagnostic[]): Entry | undefined {
  const [first] = sections;
  if (first === undefined) return undefined;
  const entries = new Map<string, Entry>();
  for (const { value } of sections)
    for (const entry of value.kind === "map" ? value.entries : []) {
      const name = nameOf(entry);
      const earlier = entries.get(name);
      if (earlier === undefined) entries.set(name, entry);
      else {
        const related = [{ message: "first defined here", span: earlier.key.span }];
        diagnostics.push(diagnose("SL0202", { what, name }, entry.key.span, { related }));
      }
    }
  return { key: first.key, value: { kind: "map", entries: [...entries.values()], span: first.value.span } };
}

function items(sections: readonly Entry[]): Entry | undefined {
  const [first] = sections;
  if (first === undefined) return undefined;
  const all = sections.flatMap(({ value }) => (value.kind === "list" ? value.items : []));
  return { key: first.key, value: { kind: "list", items: all, span: first.value.span } };
}

function nameOf(entry: Entry): string {
  return String(entry.key.value);
}
