import { isVisibleAscii } from "../../lib/bytes";
import {
  keepString,
  NOWHERE,
  objectOf,
  refuse,
  requiredMember,
  stringLength,
  stringOf,
  stringStart,
} from "../../lib/document";
import { exists, keepPointers, keepRecord, none, pointerAt, setPointer } from "../../lib/region";
import { addName, findName, NameTable, newNameTable } from "../../lib/table";
import { Consumer } from "./consumers";

// Consumers by the name in their certificate: a URI as it is written, a DNS name in small letters.

const LONGEST_SAN: i32 = 2048;

@unmanaged
export class SanTable {
  names: NameTable = none<NameTable>();
  count: i32 = 0;
  /** Array of addresses of Consumer, by the number of a name. */
  owners: usize = 0;
}

/** A table for up to `count` names; the missing record without memory. */
export function newSanTable(count: i32): SanTable {
  const table = keepRecord<SanTable>();
  table.names = newNameTable(count, true);
  table.owners = keepPointers(count + 1);
  return exists(table.names) && table.owners !== 0 ? table : none<SanTable>();
}

/** Reads a `certificate` of a consumer; false, and a problem noted, if it is wrong. */
export function readCertificate(node: i32, consumer: Consumer, table: SanTable): bool {
  if (!objectOf(node, "san")) return false;
  const san = requiredMember(node, "san");
  if (san === NOWHERE || !stringOf(san, 1, LONGEST_SAN)) return false;
  if (!isVisibleAscii(stringStart(san), stringLength(san))) return refuse(san, "must be visible ASCII");
  if (!addName(table.names, keepString(san), table.count)) return refuse(san, "is a name that a consumer already has");
  setPointer(table.owners, table.count, consumer);
  table.count++;
  return true;
}

/** Whose name this is; the missing record if nobody's. */
export function consumerOfSan(table: SanTable, start: usize, length: i32): Consumer {
  const found = findName(table.names, start, length);
  return found < 0 ? none<Consumer>() : pointerAt<Consumer>(table.owners, found);
}
