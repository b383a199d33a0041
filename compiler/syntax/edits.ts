import type { Edit, Fix } from "../diagnostics/diagnostic.js";
import type { Entry, ListNode, MapNode, Node } from "./node.js";
import type { Span } from "./source.js";
import { endOfLine, skipBlank, startOfLine } from "./text.js";

/*
 * Changes of a file that keep it well-formed, in block and in flow style. What is removed takes the comment behind it on its
 * line along, as that is about it; the comments around it stay.
 * A shape that is too rare to be worth a rule, such as an explicit key (`? a`), gives no edits.
 */

/** A fix that removes something, if there is a way to; to be spread into what `diagnose` takes. */
export function removal(title: string, safe: boolean, edits: readonly Edit[] | undefined): { fix?: Fix } {
  return edits === undefined ? {} : { fix: { title, safe, edits } };
}

/** A suggestion to write something else in the place of a value, if it is there. */
export function replacement(title: string, value: Node | undefined, newText: string): { fix?: Fix } {
  return value?.kind === "scalar" ? { fix: { title, safe: false, edits: [{ span: value.span, newText }] } } : {};
}

/** A suggestion to write one more entry, given as YAML in flow style: in front of another one, or of all. */
export function addition(map: Node | undefined, key: string, value: string, before?: string): { fix?: Fix } {
  const entry = `${key}: ${value}`;
  const edit = map?.kind === "map" ? addEntry(map, entry, before) : undefined;
  return edit === undefined ? {} : { fix: { title: `write \`${entry}\``, safe: false, edits: [edit] } };
}

/** A text as a scalar: without quotes where YAML reads it as the same text in every place (YAML 1.2.2, section 10.3.2). */
export function scalarText(text: string): string {
  const isPlain = /^[A-Za-z_][\w./-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text);
  return isPlain ? text : JSON.stringify(text);
}

/** Takes an item out of a list; the list may be empty afterwards if it is in brackets. */
export function removeItem(list: ListNode, index: number): Edit[] | undefined {
  const item = list.items[index];
  if (item === undefined) return undefined;
  if (isFlow(list)) return removeFromFlow(list, item.span, list.items[index - 1]?.span);
  const { source, start } = item.span;
  const before = source.text.slice(startOfLine(source.text, start), start);
  // Another dash or a key before the dash would go with it, and a list in block style cannot be empty.
  if (!/^[ \t]*-[ \t]+$/.test(before) || list.items.length === 1) return undefined;
  return removeFromBlock({ ...item.span, start: start - before.trimStart().length });
}

/** Takes an item out of a list that stands under a key; with the last item goes the key. */
export function removeListed(map: Node | undefined, key: string, index: number): Edit[] | undefined {
  if (map?.kind !== "map") return undefined;
  const list = map.entries.find((entry) => entry.key.value === key)?.value;
  if (list?.kind !== "list") return undefined;
  return list.items.length === 1 && index === 0 ? removeEntry(map, key) : removeItem(list, index);
}

/** Takes an entry out of a mapping that has others. */
export function removeEntry(map: Node | undefined, key: string): Edit[] | undefined {
  if (map?.kind !== "map") return undefined;
  const index = map.entries.findIndex((entry) => entry.key.value === key);
  const entry = map.entries[index];
  if (entry === undefined || map.entries.length === 1) return undefined;
  const span = entrySpan(entry);
  const { text } = span.source;
  const before = text.slice(startOfLine(text, span.start), span.start);
  if (/\?[ \t]+$/.test(before)) return undefined;
  if (isFlow(map)) {
    const previous = map.entries[index - 1];
    return removeFromFlow(map, span, previous === undefined ? undefined : entrySpan(previous));
  }
  if (before.trim() === "") return removeFromBlock(span);
  // The first entry behind a dash: the next one takes its place, or stays below the comment that is left.
  const next = map.entries[index + 1];
  if (next === undefined) return undefined;
  const rest = text.slice(span.end, next.key.span.start);
  return [remove(span, span.start, rest.trim() === "" ? next.key.span.start : span.end + blanks(text, span.end))];
}

function addEntry(map: MapNode, entry: string, before: string | undefined): Edit | undefined {
  const { source } = map.span;
  const next = map.entries.find(({ key }) => key.value === before) ?? map.entries[0];
  // Without entries it is in braces.
  if (next === undefined)
    return /^\{\s*\}$/.test(source.text.slice(map.span.start, map.span.end))
      ? { span: map.span, newText: `{ ${entry} }` }
      : undefined;
  const { start } = next.key.span;
  const span = { source, start, end: start };
  if (isFlow(map))
    return /[{,]\s*$/.test(source.text.slice(map.span.start, start)) ? { span, newText: `${entry}, ` } : undefined;
  const line = source.text.slice(startOfLine(source.text, start), start);
  // An entry behind dashes has the next one below itself; one behind a question mark is of another form.
  if (!/^[ \t-]*$/.test(line)) return undefined;
  const lineBreak = source.text.includes("\r\n") ? "\r\n" : "\n";
  return { span, newText: `${entry}${lineBreak}${line.replaceAll("-", " ")}` };
}

/** Another key with another value, given as YAML in flow style, in the place of an entry. */
export function replaceEntry({ key, value }: Entry, newKey: string, newValue: string): Edit[] | undefined {
  const { source } = key.span;
  const between = source.text.slice(key.span.end, value.span.start);
  // A comment between key and value, or inside the value, would be lost or take the new value in.
  if (
    !/^[ \t]*:\s*(?:-[ \t]+)?$/.test(between) ||
    /(?:^|\s)#/.test(source.text.slice(value.span.start, value.span.end))
  )
    return undefined;
  const span = { source, start: key.span.start, end: value.span.end };
  return [{ span, newText: `${scalarText(newKey)}: ${newValue}` }];
}

function entrySpan({ key, value }: Entry): Span {
  return { source: key.span.source, start: key.span.start, end: Math.max(value.span.end, key.span.end) };
}

function isFlow({ span: { source, start } }: ListNode | MapNode): boolean {
  return source.text[start] === "[" || source.text[start] === "{";
}

/**
 * A part between commas, with one of the commas.
 *
 * @param previous the part before it, whose comma goes if this part is the last one
 */
function removeFromFlow(collection: ListNode | MapNode, span: Span, previous: Span | undefined): Edit[] | undefined {
  const { text } = span.source;
  if (text[collection.span.end - 1] !== (text[collection.span.start] === "[" ? "]" : "}")) return undefined;
  const comma = skipBlank(text, span.end);
  if (text[comma] === ",") {
    const after = comma + 1 + blanks(text, comma + 1);
    if (text.slice(span.end, comma).trim() !== "") return [remove(span), remove(span, comma, comma + 1)];
    return [ownLines(span, after) ?? remove(span, span.start, after)];
  }
  const between = previous === undefined ? undefined : text.slice(previous.end, span.start);
  return previous !== undefined && between !== undefined && /^\s*,\s*$/.test(between)
    ? [remove(span, previous.end, span.end)]
    : [remove(span)];
}

/** Whole lines where nothing else stands on them but a comment, otherwise what comes before it. */
function removeFromBlock(span: Span): Edit[] {
  const { text } = span.source;
  const after = span.end + blanks(text, span.end);
  return [ownLines(span, after) ?? remove(span, span.start, after)];
}

/** The lines from a span to `end` with one line break, if they hold nothing else but a comment behind it. */
function ownLines(span: Span, end: number): Edit | undefined {
  const { text } = span.source;
  const first = startOfLine(text, span.start);
  if (text.slice(first, span.start).trim() !== "") return undefined;
  const last = text[end] === "#" ? endOfLine(text, end) : end;
  if (last >= text.length) return remove(span, first, text.length);
  const lineBreak = /\r\n?|\n/y;
  lineBreak.lastIndex = last;
  return lineBreak.test(text) ? remove(span, first, lineBreak.lastIndex) : undefined;
}

function remove(span: Span, start = span.start, end = span.end): Edit {
  return { span: { source: span.source, start, end }, newText: "" };
}

function blanks(text: string, from: number): number {
  let at = from;
  while (text[at] === " " || text[at] === "\t") at++;
  return at - from;
}
