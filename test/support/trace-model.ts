// The forms of a trace context once more, as expressions: slow, and short enough to be compared with the specifications.

/** A context of a caller; without ids it is nothing but a decision. */
export interface ModelContext {
  /** 32 digits. */
  readonly traceId?: string;
  /** 16 digits. */
  readonly spanId?: string;
  readonly sampled?: boolean;
  /** Whether the trace id is said to be random. */
  readonly random?: boolean;
}

/** Values of headers; what is absent is left out. */
export interface B3Headers {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly sampled?: string;
  readonly flags?: string;
}

const isZero = (digits: string) => /^0*$/.test(digits);

/** Without the white space of RFC 9110, section 5.6.3. */
function trimmed(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, "");
}

export function modelTraceparent(text: string): ModelContext | undefined {
  const form = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/s;
  const [, version, traceId = "", spanId = "", flags = "", rest] = form.exec(trimmed(text)) ?? [];
  if (version === undefined || (version === "00" && rest !== undefined)) return undefined;
  if (isZero(traceId) || isZero(spanId)) return undefined;
  const bits = Number.parseInt(flags, 16);
  return { traceId, spanId, sampled: bits % 2 === 1, random: bits % 4 >= 2 };
}

export function modelB3(text: string): ModelContext | undefined {
  const form = /^([0-9a-f]{16}|[0-9a-f]{32})-([0-9a-f]{16})(?:-([01d])(?:-[0-9a-f]{16})?)?$/;
  const value = trimmed(text);
  if (/^[01d]$/.test(value)) return { sampled: value !== "0" };
  const [, traceId = "", spanId = "", decision] = form.exec(value) ?? [];
  if (isZero(traceId) || isZero(spanId)) return undefined;
  const ids = { traceId: traceId.padStart(32, "0"), spanId };
  return decision === undefined ? ids : { ...ids, sampled: decision !== "0" };
}

export function modelB3Multi({ traceId, spanId, sampled, flags }: B3Headers): ModelContext | undefined {
  if (traceId === undefined && spanId === undefined && sampled === undefined && flags === undefined) return undefined;
  if (sampled !== undefined && !/^(0|1|true|false)$/i.test(trimmed(sampled))) return undefined;
  const debug = flags !== undefined && trimmed(flags) === "1";
  const yes = sampled !== undefined && /^(1|true)$/i.test(trimmed(sampled));
  const decision = debug || sampled !== undefined ? { sampled: debug || yes } : {};
  if (traceId === undefined && spanId === undefined) return decision;
  const ids = modelB3(`${trimmed(traceId ?? "")}-${trimmed(spanId ?? "")}`);
  return ids && { ...ids, ...decision };
}

export function modelUberTraceId(text: string): ModelContext | undefined {
  const form = /^([0-9a-f]{1,32})(?::|%3a)([0-9a-f]{1,16})(?::|%3a)[0-9a-f]{1,16}(?::|%3a)([0-9a-f]{1,2})$/i;
  const [, traceId = "", spanId = "", flags = ""] = form.exec(trimmed(text)) ?? [];
  if (isZero(traceId) || isZero(spanId)) return undefined;
  return {
    traceId: traceId.toLowerCase().padStart(32, "0"),
    spanId: spanId.toLowerCase().padStart(16, "0"),
    sampled: Number.parseInt(flags, 16) % 2 === 1,
  };
}

/** Whether a tracestate may be passed on. */
export function modelTracestate(text: string): boolean {
  const member = /^[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
  const members = text.split(",").map(trimmed);
  const full = members.filter((one) => one !== "");
  const isWithin = trimmed(text).length <= 512 && full.length >= 1 && full.length <= 32;
  return isWithin && full.every((one) => member.test(one));
}

/** Whether baggage may be passed on. */
export function modelBaggage(text: string): boolean {
  // A comma at the very end begins no member.
  const members = text.replace(/,$/, "").split(",");
  const isWithin = text.length <= 8192 && members.length <= 64 && members.some((one) => trimmed(one) !== "");
  return isWithin && /^[\t\x20-\x7e]*$/.test(text);
}

const span = (spanId: bigint) => spanId.toString(16).padStart(16, "0");

/** What is written of a context that has ids, under another span. */
export function modelHeaders(context: ModelContext, spanId: bigint): Record<string, string> {
  const { traceId = "", sampled, random = false } = context;
  const decision = sampled === undefined ? "" : `-${Number(sampled)}`;
  return {
    traceparent: `00-${traceId}-${span(spanId)}-0${Number(sampled === true) + 2 * Number(random)}`,
    b3: `${traceId}-${span(spanId)}${decision}`,
    "uber-trace-id": `${traceId}:${span(spanId)}:0:${Number(sampled === true)}`,
  };
}
