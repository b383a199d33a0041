import { isPresent, Needs, Slot, setAttribute, setGroups } from "../lib/attributes";
import { arenaTake, exists, setPointer } from "../lib/region";
import { hasByte, Text, textInArena } from "../lib/text";
import { propertyLength, propertyStart, readProperty } from "../proxy-wasm/properties";
import { Status } from "../proxy-wasm/status";
import { consumerKey, groupsKey, tierKey } from "./results";

// Who calls, where a module in front found it out: filter state of the stream, which modules and the proxy write and no client does.

const MOST_GROUPS: i32 = 64;

/** Sets what a pipeline reads of the caller, by its needs; false if the host fails. What nobody left behind stays absent. */
export function readCaller(needs: i32): bool {
  if ((needs & (Needs.Consumer | Needs.Groups)) !== 0 && !read(consumerKey, Slot.Consumer)) return false;
  if ((needs & Needs.Tier) !== 0 && !read(tierKey, Slot.Tier)) return false;
  return (needs & Needs.Groups) === 0 || readGroups();
}

let isThere: bool = false;

/** Asks for a result; false if the host fails. `isThere` tells whether it is there and not empty. */
function ask(key: Text): bool {
  const status = readProperty(key.start, key.length);
  isThere = status === Status.Ok && propertyLength() > 0;
  return status === Status.Ok || status === Status.NotFound;
}

function read(key: Text, slot: i32): bool {
  if (!ask(key)) return false;
  if (isThere) setAttribute(slot, propertyStart(), propertyLength());
  return true;
}

/** Groups are joined by commas, and have none in them. A known caller without the result has none; more than a caller may have are not looked at. */
function readGroups(): bool {
  if (!ask(groupsKey)) return false;
  if (!isThere) {
    if (isPresent(Slot.Consumer)) setGroups(0, 0);
    return true;
  }
  const end = propertyStart() + <usize>propertyLength();
  const groups = arenaTake((<usize>MOST_GROUPS) << 2);
  if (groups === 0) return false;
  let count = 0;
  let start = propertyStart();
  for (let place = start; place <= end; place++) {
    if (place < end && !hasByte(place, 1, 0x2c)) continue;
    const group = textInArena(start, <i32>(place - start));
    if (count === MOST_GROUPS || !exists(group)) return true;
    setPointer(groups, count++, group);
    start = place + 1;
  }
  setGroups(groups, count);
  return true;
}
