// The attributes of the start tag that was read last, and that no two of them have one name. Declarations of namespaces are none of them.

import { bytesEqual } from "./bytes";
import { at } from "./region";
import { seededHash } from "./table";
import { XML_ERROR_ATTRIBUTES, XML_ERROR_DUPLICATE, XML_ERROR_PREFIX, XML_OK } from "./xml-errors";
import { NO_NAMESPACE, namespaceHash, namespaceOf, sameNamespace } from "./xml-namespaces";

/** Up to here each is compared with each. */
const FEW: i32 = 8;

@unmanaged
export class XmlAttribute {
  name: usize = 0;
  /** 0 without a prefix, else with the colon. */
  prefixLength: i32 = 0;
  localLength: i32 = 0;
  value: usize = 0;
  valueLength: i32 = 0;
  /** Binding of its namespace. */
  namespace: i32 = 0;
  /** Whether the caller knows what it is for; false at first. */
  taken: bool = false;

  get local(): usize {
    return this.name + <usize>this.prefixLength;
  }
}

let attributes: usize = 0;
let count: i32 = 0;
let capacity: i32 = 0;
/** Open addressing: pairs of the tag that an entry is of, and the attribute. Entries of other tags are free. */
let places: usize = 0;
let placeMask: i32 = 0;
let tag: i32 = 0;

function placeCount(limit: i32): i32 {
  let size = 16;
  while (size < limit * 2) size <<= 1;
  return size;
}

/** Bytes of memory for up to `limit` attributes. */
export function attributeBytes(limit: i32): i32 {
  return limit * <i32>offsetof<XmlAttribute>() + placeCount(limit) * 8;
}

export function initAttributes(space: usize, limit: i32): void {
  places = space;
  placeMask = placeCount(limit) - 1;
  memory.fill(places, 0, <usize>placeCount(limit) * 8);
  attributes = places + <usize>placeCount(limit) * 8;
  capacity = limit;
  tag = 0;
  count = 0;
}

/** Begins a tag. */
export function clearAttributes(): void {
  count = 0;
}

export function attributeCount(): i32 {
  return count;
}

export function attributeAt(index: i32): XmlAttribute {
  return at<XmlAttribute>(attributes, index);
}

/** `colon` is 0 or the colon in the name. */
export function addAttribute(start: usize, end: usize, colon: usize, value: usize, valueLength: i32): i32 {
  if (count === capacity) return XML_ERROR_ATTRIBUTES;
  const attribute = attributeAt(count);
  const prefixLength = colon === 0 ? 0 : <i32>(colon + 1 - start);
  attribute.name = start;
  attribute.prefixLength = prefixLength;
  attribute.localLength = <i32>(end - start) - prefixLength;
  attribute.value = value;
  attribute.valueLength = valueLength;
  attribute.namespace = NO_NAMESPACE;
  attribute.taken = false;
  count++;
  return XML_OK;
}

/** Ends a tag: finds the namespaces of its attributes, and whether two are the same. `problemAttribute` says which. */
export function checkAttributes(): i32 {
  for (let i = 0; i < count; i++) {
    const attribute = attributeAt(i);
    if (attribute.prefixLength === 0) continue;
    attribute.namespace = namespaceOf(attribute.name, attribute.prefixLength - 1);
    if (attribute.namespace < 0) return refuse(XML_ERROR_PREFIX, i);
  }
  const twin = count <= FEW ? twinOfFew() : twinOfMany();
  return twin < 0 ? XML_OK : refuse(XML_ERROR_DUPLICATE, twin);
}

let problem: i32 = 0;

export function problemAttribute(): XmlAttribute {
  return attributeAt(problem);
}

function refuse(reason: i32, index: i32): i32 {
  problem = index;
  return reason;
}

function twinOfFew(): i32 {
  for (let i = 1; i < count; i++) {
    for (let j = 0; j < i; j++) {
      if (isTwin(i, j)) return i;
    }
  }
  return -1;
}

function isTwin(first: i32, second: i32): bool {
  const a = attributeAt(first);
  const b = attributeAt(second);
  if (a.localLength !== b.localLength || !bytesEqual(a.local, b.local, a.localLength)) return false;
  return sameNamespace(a.namespace, b.namespace);
}

/** Linear whatever the names are, as the hash has a secret. */
function twinOfMany(): i32 {
  tag++;
  for (let i = 0; i < count; i++) {
    const attribute = attributeAt(i);
    const hash = seededHash(attribute.local, attribute.localLength) ^ rotl(namespaceHash(attribute.namespace), 29);
    let index = <i32>hash & placeMask;
    // Ends at a free place: there are twice as many as attributes.
    while (load<i32>(placeAt(index)) === tag) {
      if (isTwin(i, load<i32>(placeAt(index), 4))) return i;
      index = (index + 1) & placeMask;
    }
    store<i32>(placeAt(index), tag);
    store<i32>(placeAt(index), i, 4);
  }
  return -1;
}

function placeAt(index: i32): usize {
  return places + ((<usize>index) << 3);
}
