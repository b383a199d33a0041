import type { ElementModel, GroupModel } from "./model.js";

/** A part of a content model, and how many parts after it are in it. */
export interface Entry {
  part: ElementModel | GroupModel;
  span: number;
}

/** A content model in preorder: a group comes before what is in it. */
export function entriesOf(content: GroupModel): Entry[] {
  const entries: Entry[] = [];
  const open: { part: ElementModel | GroupModel; from?: number }[] = [{ part: content }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { part, from } = next;
    // The second visit, when all that is in the group has been written.
    if (from !== undefined) entries[from] = { part, span: entries.length - from - 1 };
    else if (part.kind === "element") entries.push({ part, span: 0 });
    else {
      open.push({ part, from: entries.length });
      entries.push({ part, span: 0 });
      for (const inner of part.of.toReversed()) open.push({ part: inner });
    }
  }
  return entries;
}
