import { bytesOf, byteTextOf } from "./byte-text.js";

/** Names and values in order, as byte texts. */
export type Pairs = readonly (readonly [name: string, value: string])[];

const MOST_BYTES = 1024 * 1024;
const MOST_PAIRS = 1024;

// The form in which pairs cross the border: u32 number of pairs; for each u32 length of name, u32 length of value; then for each the
// name, NUL, the value, NUL (proxy-wasm-cpp-host, `PairsUtil`).

export function serializePairs(pairs: Pairs): Uint8Array {
  const encoded = pairs.map(([name, value]) => [bytesOf(name), bytesOf(value)] as const);
  const size = encoded.reduce((sum, [name, value]) => sum + 10 + name.length + value.length, 4);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, pairs.length, true);
  let text = 4 + 8 * pairs.length;
  encoded.forEach(([name, value], index) => {
    view.setUint32(4 + 8 * index, name.length, true);
    view.setUint32(8 + 8 * index, value.length, true);
    bytes.set(name, text);
    bytes.set(value, text + name.length + 1);
    text += name.length + value.length + 2;
  });
  return bytes;
}

/** What a module handed over. Anything malformed gives no pairs at all, and no error: so does the real host. */
export function deserializePairs(bytes: Uint8Array): Pairs {
  if (bytes.length > MOST_BYTES || bytes.length < 4) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const count = view.getUint32(0, true);
  let text = 4 + 8 * count;
  if (count > MOST_PAIRS || text > bytes.length) return [];
  const pairs: [string, string][] = [];
  for (let index = 0; index < count; index++) {
    const value = text + view.getUint32(4 + 8 * index, true) + 1;
    const end = value + view.getUint32(8 + 8 * index, true) + 1;
    if (end > bytes.length || bytes[value - 1] !== 0 || bytes[end - 1] !== 0) return [];
    pairs.push([byteTextOf(bytes.subarray(text, value - 1)), byteTextOf(bytes.subarray(value, end - 1))]);
    text = end;
  }
  return text === bytes.length ? pairs : [];
}
