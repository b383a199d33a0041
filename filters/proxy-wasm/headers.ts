import { offerAttribute } from "../lib/attributes";
import { bytesEqual } from "../lib/bytes";
import { Interest, Names, slotOf } from "../lib/interest";
import { arenaTake } from "../lib/region";
import { beginHeaders, finishHeaders, offerHeader } from "../lib/request-head";
import { keepText, Text, textIs } from "../lib/text";
import { proxy_get_header_map_pairs, proxy_remove_header_map_value, proxy_replace_header_map_value } from "./abi";
import { resultAddress, resultCell, resultNumber } from "./memory";
import { HeaderMapType, Status } from "./status";

// A header map on its way over the border: u32 number of pairs; for each pair u32 length of name, u32 length of value;
// then for each pair name, NUL, value, NUL (proxy-wasm-cpp-host `PairsUtil`).

/** Reads all request headers at once and offers each to the attributes; false if the host does not give them. */
export function readRequestHeaders(interest: Interest): bool {
  const status = proxy_get_header_map_pairs(HeaderMapType.HttpRequestHeaders, resultCell(0), resultCell(1));
  if (status !== Status.Ok) return false;
  return offerPairs(resultAddress(0), resultNumber(1), interest);
}

function offerPairs(start: usize, size: i32, interest: Interest): bool {
  beginHeaders();
  if (TRACING || AUTH) fieldCount = 0;
  if (size === 0) return true;
  if (size < 4) return false;
  const end = start + <usize>size;
  const count = load<u32>(start);
  if (count > <u32>(size - 4) >> 3) return false;
  let lengths = start + 4;
  let text = lengths + ((<usize>count) << 3);
  for (let i: u32 = 0; i < count; i++) {
    const nameLength = load<u32>(lengths);
    const valueLength = load<u32>(lengths, 4);
    const room = <u64>(end - text);
    if (<u64>nameLength + <u64>valueLength + 2 > room) return false;
    const value = text + <usize>nameLength + 1;
    offerHeader(interest, text, <i32>nameLength, value, <i32>valueLength);
    text = value + <usize>valueLength + 1;
    lengths += 8;
  }
  if (TRACING || AUTH) {
    fields = start;
    fieldCount = count;
  }
  finishHeaders();
  return true;
}

export function removeRequestHeader(name: Text): bool {
  return proxy_remove_header_map_value(HeaderMapType.HttpRequestHeaders, name.start, name.length) === Status.Ok;
}

/** Sets a request header in place of all of its values. Envoy matches the route again afterwards. */
export function replaceRequestHeader(name: Text, value: Text): bool {
  return setRequestHeader(name, value.start, value.length);
}

/** The same with bytes. */
export function setRequestHeader(name: Text, value: usize, valueLength: i32): bool {
  const type = HeaderMapType.HttpRequestHeaders;
  return proxy_replace_header_map_value(type, name.start, name.length, value, valueLength) === Status.Ok;
}

/** Sets a header of an answer in place of all of its values. */
export function replaceResponseHeader(name: Text, value: usize, valueLength: i32): bool {
  const type = HeaderMapType.HttpResponseHeaders;
  return proxy_replace_header_map_value(type, name.start, name.length, value, valueLength) === Status.Ok;
}

export function removeResponseHeader(name: Text): bool {
  return proxy_remove_header_map_value(HeaderMapType.HttpResponseHeaders, name.start, name.length) === Status.Ok;
}

// ---- looking for single headers in a map that was read whole

let fields: usize = 0;
let fieldCount: u32 = 0;
let foundStart: usize = 0;
let foundLength: i32 = 0;

/** Reads all headers of a request or an answer at once; false if the host does not give them. */
export function readFields(type: HeaderMapType): bool {
  fieldCount = 0;
  if (proxy_get_header_map_pairs(type, resultCell(0), resultCell(1)) !== Status.Ok) return false;
  fields = resultAddress(0);
  const size = resultNumber(1);
  if (size === 0) return true;
  if (size < 4) return false;
  const count = load<u32>(fields);
  if (count > <u32>(size - 4) >> 3) return false;
  let text: u64 = 4 + ((<u64>count) << 3);
  for (let i: u32 = 0; i < count; i++) {
    const lengths = fields + 4 + ((<usize>i) << 3);
    text += <u64>load<u32>(lengths) + <u64>load<u32>(lengths, 4) + 2;
  }
  if (text > <u64>size) return false;
  fieldCount = count;
  return true;
}

/** How many fields of a name, in lower case, were read; the value of the first is at `fieldStart` and `fieldLength`. */
export function findField(name: Text): i32 {
  return findFieldNamed(name.start, name.length);
}

/** The same by the bytes of a name. */
export function findFieldNamed(name: usize, length: i32): i32 {
  let found = 0;
  let text = fields + 4 + ((<usize>fieldCount) << 3);
  for (let i: u32 = 0; i < fieldCount; i++) {
    const lengths = fields + 4 + ((<usize>i) << 3);
    const nameLength = load<i32>(lengths);
    const valueLength = load<i32>(lengths, 4);
    const value = text + <usize>nameLength + 1;
    if (nameLength === length && bytesEqual(name, text, length) && found++ === 0) {
      foundStart = value;
      foundLength = valueLength;
    }
    text = value + <usize>valueLength + 1;
  }
  return found;
}

export function fieldStart(): usize {
  return foundStart;
}

export function fieldLength(): i32 {
  return foundLength;
}

/** Offers the headers of the answer to the attributes that want them; false if the host does not give them. */
export function offerAnswerHeaders(interest: Interest): bool {
  if (!readFields(HeaderMapType.HttpResponseHeaders)) return false;
  let text = fields + 4 + ((<usize>fieldCount) << 3);
  for (let i: u32 = 0; i < fieldCount; i++) {
    const lengths = fields + 4 + ((<usize>i) << 3);
    const nameLength = load<i32>(lengths);
    const valueLength = load<i32>(lengths, 4);
    const value = text + <usize>nameLength + 1;
    const slot = slotOf(interest, Names.Answer, text, nameLength);
    if (slot >= 0) offerAttribute(slot, value, valueLength);
    text = value + <usize>valueLength + 1;
  }
  return true;
}

/** Joins all values of a name by commas, `most` bytes of them at most; false, and nothing is found, if it has none or too many. See `fieldStart`. */
export function joinFields(name: Text, most: i32): bool {
  const target = arenaTake(<usize>most);
  if (target === 0) return false;
  let length = 0;
  let count = 0;
  let text = fields + 4 + ((<usize>fieldCount) << 3);
  for (let i: u32 = 0; i < fieldCount; i++) {
    const lengths = fields + 4 + ((<usize>i) << 3);
    const nameLength = load<i32>(lengths);
    const valueLength = load<i32>(lengths, 4);
    const value = text + <usize>nameLength + 1;
    text = value + <usize>valueLength + 1;
    if (!textIs(name, value - 1 - <usize>nameLength, nameLength)) continue;
    const comma = count++ > 0 ? 1 : 0;
    if (valueLength + comma > most - length) return false;
    if (comma !== 0) store<u8>(target + <usize>length, 0x2c);
    memory.copy(target + <usize>(length + comma), value, <usize>valueLength);
    length += valueLength + comma;
  }
  foundStart = target;
  foundLength = length;
  return count > 0;
}

// ---- composing pairs: up to eight at a time

const MOST_PAIRS: i32 = 8;
const PAIRS: usize = memory.data(MOST_PAIRS * 16, 8);
let pairCount: i32 = 0;

export function beginPairs(): void {
  pairCount = 0;
}

export function addPair(name: Text, value: usize, valueLength: i32): void {
  if (pairCount === MOST_PAIRS) return;
  const pair = PAIRS + ((<usize>pairCount) << 4);
  store<u32>(pair, <u32>name.start);
  store<i32>(pair, name.length, 4);
  store<u32>(pair, <u32>value, 8);
  store<i32>(pair, valueLength, 12);
  pairCount++;
}

/** Bytes of the pairs that were added. */
export function pairsLength(): i32 {
  let size = 4;
  for (let i = 0; i < pairCount; i++) {
    const pair = PAIRS + ((<usize>i) << 4);
    size += 10 + load<i32>(pair, 4) + load<i32>(pair, 12);
  }
  return size;
}

/** The pairs that were added, in the arena; 0 without memory. */
export function writePairs(): usize {
  const start = arenaTake(<usize>pairsLength());
  if (start === 0) return 0;
  store<i32>(start, pairCount);
  let text = start + 4 + ((<usize>pairCount) << 3);
  for (let i = 0; i < pairCount; i++) {
    const pair = PAIRS + ((<usize>i) << 4);
    const nameLength = load<i32>(pair, 4);
    const valueLength = load<i32>(pair, 12);
    store<i32>(start + 4 + ((<usize>i) << 3), nameLength);
    store<i32>(start + 4 + ((<usize>i) << 3), valueLength, 4);
    text = copyTerminated(text, <usize>load<u32>(pair), nameLength);
    text = copyTerminated(text, <usize>load<u32>(pair, 8), valueLength);
  }
  return start;
}

function copyTerminated(target: usize, source: usize, length: i32): usize {
  memory.copy(target, source, <usize>length);
  store<u8>(target + <usize>length, 0);
  return target + <usize>length + 1;
}

/** The pairs that were added, for the life of the VM. */
export function keepPairs(): Text {
  const start = writePairs();
  return keepText(start, start === 0 ? 0 : pairsLength());
}
