// Declarations of namespaces that are in force (Namespaces in XML 1.0, third edition). They are a stack of bindings: an element
// that ends takes its own away. Binding 0 is that of no prefix to no namespace, binding 1 that of `xml`.

import { bytesEqual } from "./bytes";
import { at, exists, none } from "./region";
import { findName, NameTable, seededHash } from "./table";
import { XML_ERROR_DUPLICATE, XML_ERROR_NAMESPACE, XML_ERROR_NAMESPACES, XML_OK } from "./xml-errors";

/** `xml`, and the name that it stands for: http://www.w3.org/XML/1998/namespace */
const XML_PREFIX: usize = memory.data<u8>([0x78, 0x6d, 0x6c, 0, 0, 0, 0, 0]);
const XML_URI: usize = memory.data<u8>([
  0x68, 0x74, 0x74, 0x70, 0x3a, 0x2f, 0x2f, 0x77, 0x77, 0x77, 0x2e, 0x77, 0x33, 0x2e, 0x6f, 0x72, 0x67, 0x2f, 0x58,
  0x4d, 0x4c, 0x2f, 0x31, 0x39, 0x39, 0x38, 0x2f, 0x6e, 0x61, 0x6d, 0x65, 0x73, 0x70, 0x61, 0x63, 0x65,
]);
const XML_URI_LENGTH: i32 = 36;
/** http://www.w3.org/2000/xmlns/ */
const XMLNS_URI: usize = memory.data<u8>([
  0x68, 0x74, 0x74, 0x70, 0x3a, 0x2f, 0x2f, 0x77, 0x77, 0x77, 0x2e, 0x77, 0x33, 0x2e, 0x6f, 0x72, 0x67, 0x2f, 0x32,
  0x30, 0x30, 0x30, 0x2f, 0x78, 0x6d, 0x6c, 0x6e, 0x73, 0x2f,
]);
const XMLNS_URI_LENGTH: i32 = 29;

/** Binding of no prefix where nothing is declared. */
export const NO_NAMESPACE: i32 = 0;
const XML_BINDING: i32 = 1;
const BUILT_IN: i32 = 2;

/** The first bindings are looked through one by one; those above them lie in buckets. */
const FEW: i32 = 10;

@unmanaged
class Binding {
  /** The first eight bytes of the prefix, zeros behind it. */
  key: u64 = 0;
  /** Hash of the name of the namespace, 0 for none. */
  hash: u64 = 0;
  prefix: usize = 0;
  prefixLength: i32 = 0;
  uri: usize = 0;
  uriLength: i32 = 0;
  /** What the table of known namespaces has for it; -1 if it does not have it. */
  number: i32 = 0;
  /** The binding that this one hides or, in a bucket, that comes after it. */
  below: i32 = 0;
  bucket: i32 = 0;
}

let bindings: usize = 0;
let count: i32 = 0;
let capacity: i32 = 0;
let known: NameTable = none<NameTable>();
/** The innermost binding of no prefix. */
let unprefixed: i32 = NO_NAMESPACE;
let buckets: usize = 0;
let bucketMask: i32 = 0;
/** The last binding that was found; 0 if that is to be forgotten. */
let recent: i32 = 0;

function bucketCount(limit: i32): i32 {
  let size = 16;
  while (size < limit * 2) size <<= 1;
  return size;
}

/** Bytes of memory for up to `limit` declarations in force. */
export function namespaceBytes(limit: i32): i32 {
  return (limit + BUILT_IN) * <i32>offsetof<Binding>() + bucketCount(limit) * 4;
}

/** Begins with no declaration in force. `numbers` may be the missing table. */
export function beginNamespaces(space: usize, limit: i32, numbers: NameTable): void {
  bindings = space;
  capacity = limit + BUILT_IN;
  known = numbers;
  unprefixed = NO_NAMESPACE;
  recent = 0;
  buckets = space + <usize>capacity * offsetof<Binding>();
  bucketMask = bucketCount(limit) - 1;
  memory.fill(buckets, 0, <usize>bucketCount(limit) * 4);
  count = 0;
  push(0, 0, 0, 0, 0);
  push(XML_PREFIX, 3, load<u64>(XML_PREFIX), XML_URI, XML_URI_LENGTH);
}

/** How many bindings there are: what `endNamespaces` wants. */
export function namespaceCount(): i32 {
  return count;
}

/** Takes away the bindings above the first `kept`. */
export function endNamespaces(kept: i32): void {
  recent = 0;
  while (count > kept) {
    count--;
    const binding = at<Binding>(bindings, count);
    if (binding.prefixLength === 0) unprefixed = binding.below;
    else if (count >= FEW) store<i32>(buckets + ((<usize>binding.bucket) << 2), binding.below);
  }
}

/** Puts a declaration in force; no prefix is of length 0. `from` is how many bindings there were before its tag. */
export function declareNamespace(prefix: usize, length: i32, uri: usize, uriLength: i32, from: i32): i32 {
  const key = prefixKey(prefix, length);
  if (findBinding(prefix, length, key) >= from) return XML_ERROR_DUPLICATE;
  const isXml = length === 3 && key === load<u64>(XML_PREFIX);
  const isXmlUri = uriLength === XML_URI_LENGTH && bytesEqual(uri, XML_URI, uriLength);
  if (isXml !== isXmlUri || (uriLength === 0 && length > 0)) return XML_ERROR_NAMESPACE;
  if (uriLength === XMLNS_URI_LENGTH && bytesEqual(uri, XMLNS_URI, uriLength)) return XML_ERROR_NAMESPACE;
  // `xmlns`
  if (length === 5 && key === (((<u64>0x73) << 32) | 0x6e6c6d78)) return XML_ERROR_NAMESPACE;
  if (count === capacity) return XML_ERROR_NAMESPACES;
  push(prefix, length, key, uri, uriLength);
  return XML_OK;
}

function push(prefix: usize, length: i32, key: u64, uri: usize, uriLength: i32): void {
  const binding = at<Binding>(bindings, count);
  binding.key = key;
  binding.prefix = prefix;
  binding.prefixLength = length;
  binding.uri = uri;
  binding.uriLength = uriLength;
  binding.hash = uriLength === 0 ? 0 : seededHash(uri, uriLength);
  binding.number = uriLength === 0 ? 0 : exists(known) ? findName(known, uri, uriLength) : -1;
  recent = 0;
  if (length === 0) {
    binding.below = unprefixed;
    unprefixed = count;
  } else if (count >= FEW) {
    const bucket = bucketOf(prefix, length);
    binding.bucket = <i32>((bucket - buckets) >> 2);
    binding.below = load<i32>(bucket);
    store<i32>(bucket, count);
  }
  count++;
}

function bucketOf(prefix: usize, length: i32): usize {
  return buckets + ((<usize>(<i32>seededHash(prefix, length) & bucketMask)) << 2);
}

/** Number of the binding of a prefix, NO_NAMESPACE for none of length 0 without a declaration, -1 if it is not declared. */
export function namespaceOf(prefix: usize, length: i32): i32 {
  return length === 0 ? unprefixed : findBinding(prefix, length, prefixKey(prefix, length));
}

function findBinding(prefix: usize, length: i32, key: u64): i32 {
  if (length === 0) return unprefixed === 0 ? -1 : unprefixed;
  if (recent > 0 && isBinding(recent, prefix, length, key)) return recent;
  const found = count > FEW ? findHashed(prefix, length, key) : findFew(prefix, length, key);
  if (found > 0) recent = found;
  return found;
}

/** As keys are in seeded buckets, those of other prefixes in one bucket are few. */
function findHashed(prefix: usize, length: i32, key: u64): i32 {
  let index = load<i32>(bucketOf(prefix, length));
  while (index > 0) {
    if (isBinding(index, prefix, length, key)) return index;
    index = at<Binding>(bindings, index).below;
  }
  return findFew(prefix, length, key);
}

function findFew(prefix: usize, length: i32, key: u64): i32 {
  for (let i = min(count, FEW) - 1; i >= XML_BINDING; i--) {
    if (isBinding(i, prefix, length, key)) return i;
  }
  return -1;
}

function isBinding(index: i32, prefix: usize, length: i32, key: u64): bool {
  const binding = at<Binding>(bindings, index);
  if (binding.key !== key || binding.prefixLength !== length) return false;
  return length <= 8 || bytesEqual(binding.prefix, prefix, length);
}

/** The first eight bytes of a prefix; zeros where it ends. */
function prefixKey(prefix: usize, length: i32): u64 {
  if (length >= 8) return load<u64>(prefix);
  let key: u64 = 0;
  for (let i = length - 1; i >= 0; i--) key = (key << 8) | <u64>load<u8>(prefix + <usize>i);
  return key;
}

/** The number of a namespace in the table of known ones; 0 for none, -1 for one that the table does not have. */
export function namespaceNumber(binding: i32): i32 {
  return at<Binding>(bindings, binding).number;
}

export function namespaceStart(binding: i32): usize {
  return at<Binding>(bindings, binding).uri;
}

export function namespaceLength(binding: i32): i32 {
  return at<Binding>(bindings, binding).uriLength;
}

export function namespaceHash(binding: i32): u64 {
  return at<Binding>(bindings, binding).hash;
}

/** Whether two bindings are of one namespace. */
export function sameNamespace(a: i32, b: i32): bool {
  if (a === b) return true;
  const left = at<Binding>(bindings, a);
  const right = at<Binding>(bindings, b);
  if (left.hash !== right.hash || left.uriLength !== right.uriLength) return false;
  return bytesEqual(left.uri, right.uri, left.uriLength);
}
