// Entry point of the tests: the library as a module of its own. It is not shipped.

export * from "./base64";
export * from "./bytes";
export { rangeHolds, readRange } from "./cidr";
export { dfaMatches, isDfa } from "./dfa";
export { hostNameLength } from "./host-name";
export * from "./json";
export { isUtf8Type, mediaTypeOf } from "./media-type";
export { occursIn } from "./search";
export * from "./sha256";
export * from "./siphash";
export { utf8Characters, utf8ValidLength } from "./utf8";

/** First address that no static data of the library uses. */
export function heapBase(): usize {
  return __heap_base;
}
