import { refuse } from "../../lib/document";
import { at } from "../../lib/region";
import { Complex, Entry, Order } from "./table";

// Groups come before what is in them. Here is worked out, once, what a walk through the content of an element needs to know of each entry, so that it
// goes from one to the next without keeping track of the groups that it is in.

/** Works out `parent`, `leaf`, `leafEnd`, `after` and `canBeEmpty`; false, and a problem noted, if the spans of groups do not lie in one another. */
export function arrange(list: i32, type: Complex): bool {
  const first = at<Entry>(type.entries, 0);
  if (first.order === Order.Element || first.span !== type.entryCount - 1) {
    return refuse(list, "must begin with a group that spans all the rest");
  }
  if (!nest(type)) return refuse(list, "has a group that goes beyond the group around it");
  countLeaves(type);
  connect(type);
  for (let i = type.entryCount - 1; i >= 0; i--) weigh(type, i);
  return true;
}

/** Where an entry and all in it ends. */
export function entryEnd(type: Complex, index: i32): i32 {
  return index + 1 + at<Entry>(type.entries, index).span;
}

function nest(type: Complex): bool {
  let group = -1;
  for (let i = 0; i < type.entryCount; i++) {
    while (group >= 0 && i >= entryEnd(type, group)) group = at<Entry>(type.entries, group).parent;
    const entry = at<Entry>(type.entries, i);
    entry.parent = group;
    if (group >= 0 && entryEnd(type, i) > entryEnd(type, group)) return false;
    if (entry.order !== Order.Element) group = i;
  }
  return true;
}

function countLeaves(type: Complex): void {
  let leaf = 0;
  for (let i = 0; i < type.entryCount; i++) {
    const entry = at<Entry>(type.entries, i);
    entry.leaf = leaf;
    if (entry.order === Order.Element) leaf++;
  }
  for (let i = 0; i < type.entryCount; i++) {
    const end = entryEnd(type, i);
    at<Entry>(type.entries, i).leafEnd = end < type.entryCount ? at<Entry>(type.entries, end).leaf : leaf;
  }
}

/** Groups come before what is in them, so what is after a group is known when its last entry asks. */
function connect(type: Complex): void {
  for (let i = 0; i < type.entryCount; i++) {
    const entry = at<Entry>(type.entries, i);
    const end = entryEnd(type, i);
    entry.after = end;
    if (entry.parent < 0) continue;
    const parent = at<Entry>(type.entries, entry.parent);
    const isLast = end === entryEnd(type, entry.parent);
    if (isLast || parent.order === Order.Choice) entry.after = parent.after;
  }
}

/** Whether an entry can be empty; those in it have been looked at. */
function weigh(type: Complex, index: i32): void {
  const entry = at<Entry>(type.entries, index);
  if (entry.order === Order.Element) {
    entry.canBeEmpty = entry.element.min === 0;
    return;
  }
  const end = entryEnd(type, index);
  const isChoice = entry.order === Order.Choice;
  let possible = !isChoice || entry.span === 0;
  for (let i = index + 1; i < end; i = entryEnd(type, i)) {
    const canBeEmpty = at<Entry>(type.entries, i).canBeEmpty;
    possible = isChoice ? possible || canBeEmpty : possible && canBeEmpty;
  }
  entry.canBeEmpty = entry.optional || possible;
}
