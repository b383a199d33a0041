/** The span of a caller, as a request names it. */
export interface Caller {
  /** 32 lower-case hexadecimal digits. */
  traceId: string;
  /** 16 of them. */
  spanId: string;
}

const TRACEPARENT = /^[\da-f]{2}-(?<trace>[\da-f]{32})-(?<span>[\da-f]{16})-/i;
const B3 = /^(?<trace>[\da-f]{16}|[\da-f]{32})-(?<span>[\da-f]{16})(-|$)/i;
const JAEGER = /^(?<trace>[\da-f]{1,32}):(?<span>[\da-f]{1,16}):/i;

/**
 * Every caller that the headers of a request name, in whatever form: W3C, both forms of B3, Jaeger's. Which of them counts, and
 * whether it is good, is for the policy.
 *
 * @param headers by name in lower case
 */
export function callersIn(headers: Readonly<Record<string, string | readonly string[]>>): Caller[] {
  const valuesOf = (name: string) => (Object.hasOwn(headers, name) ? [headers[name] ?? []].flat() : []);
  const whole = (name: string, form: RegExp) => valuesOf(name).map((value) => form.exec(value.trim())?.groups);
  const apart = { trace: valuesOf("x-b3-traceid")[0], span: valuesOf("x-b3-spanid")[0] };
  return [
    ...whole("traceparent", TRACEPARENT),
    ...whole("b3", B3),
    ...[apart].map(({ trace, span }) => B3.exec(`${trace}-${span}`)?.groups),
    ...valuesOf("uber-trace-id").map((value) => JAEGER.exec(value.trim().replace(/%3a/gi, ":"))?.groups),
  ].flatMap((found) => {
    const { trace, span } = found ?? {};
    if (trace === undefined || span === undefined) return [];
    return [{ traceId: trace.toLowerCase().padStart(32, "0"), spanId: span.toLowerCase().padStart(16, "0") }];
  });
}
