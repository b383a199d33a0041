// Entry point of the tests: what authentication is made of, as a module of its own. It is not shipped.

export * from "./hmac";
export * from "./pbkdf2";
export * from "./sha512";

/** First address that no static data of the library uses. */
export function heapBase(): usize {
  return __heap_base;
}
