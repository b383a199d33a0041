import { exists, keepPointers, none, pointerAt, setPointer } from "../../lib/region";
import { keepLiteral, Text, textIs } from "../../lib/text";

// Values of attributes that are one of a few.

const METHODS: i32 = 10;

// Addresses of Text, in the order of how often they are seen.
let methods: usize = 0;
let http: Text = none<Text>();
let https: Text = none<Text>();
/** What stands for every other method (OpenTelemetry, `http.request.method`), and for it in names of spans. */
export let otherMethod: Text = none<Text>();
export let otherMethodName: Text = none<Text>();
export let trueText: Text = none<Text>();
export let falseText: Text = none<Text>();

/** Makes them; once for a VM. */
export function prepareValues(): void {
  methods = keepPointers(METHODS);
  if (methods === 0) return;
  setPointer(methods, 0, keepLiteral("GET"));
  setPointer(methods, 1, keepLiteral("POST"));
  setPointer(methods, 2, keepLiteral("PUT"));
  setPointer(methods, 3, keepLiteral("DELETE"));
  setPointer(methods, 4, keepLiteral("HEAD"));
  setPointer(methods, 5, keepLiteral("OPTIONS"));
  setPointer(methods, 6, keepLiteral("PATCH"));
  setPointer(methods, 7, keepLiteral("CONNECT"));
  setPointer(methods, 8, keepLiteral("TRACE"));
  setPointer(methods, 9, keepLiteral("QUERY"));
  http = keepLiteral("http");
  https = keepLiteral("https");
  otherMethod = keepLiteral("_OTHER");
  otherMethodName = keepLiteral("HTTP");
  trueText = keepLiteral("true");
  falseText = keepLiteral("false");
}

/** The method that a text is; the missing text if it is none that is known. */
export function methodOf(start: usize, length: i32): Text {
  if (methods === 0) return none<Text>();
  for (let i = 0; i < METHODS; i++) {
    const method = pointerAt<Text>(methods, i);
    if (textIs(method, start, length)) return method;
  }
  return none<Text>();
}

export function schemeOf(start: usize, length: i32): Text {
  if (!exists(http)) return none<Text>();
  if (textIs(http, start, length)) return http;
  return textIs(https, start, length) ? https : none<Text>();
}
