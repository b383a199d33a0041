import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { TraceLibrary } from "../../test/support/trace-library.js";
import * as model from "../../test/support/trace-model.js";

/** `SLUICE_FUZZ_RUNS=100000 npx vitest run filters/lib/trace-context-random.test.ts` */
const RUNS = { numRuns: 4 * Number(process.env.SLUICE_FUZZ_RUNS ?? 300) };

let lib: TraceLibrary;
beforeAll(async () => {
  lib = await TraceLibrary.load();
});

const digits = (length: number) =>
  fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: length, maxLength: length });
/** Zero sometimes, as a whole or but for one digit. */
const id = (length: number) =>
  fc.oneof(
    { weight: 6, arbitrary: digits(length) },
    { weight: 1, arbitrary: fc.constant("0".repeat(length)) },
    { weight: 1, arbitrary: fc.constant(`${"0".repeat(length - 1)}1`) },
    { weight: 1, arbitrary: fc.constant(`1${"0".repeat(length - 1)}`) },
  );
const short = (most: number) =>
  fc.string({ unit: fc.constantFrom(..."0123456789abcdefABCDEF"), minLength: 1, maxLength: most });
const joined = (...parts: (string | fc.Arbitrary<string>)[]) =>
  fc
    .tuple(...parts.map((part) => (typeof part === "string" ? fc.constant(part) : part)))
    .map((texts) => texts.join(""));

const traceId = fc.oneof(id(32), id(16));
const version = fc.oneof(
  { weight: 4, arbitrary: fc.constant("00") },
  { weight: 1, arbitrary: digits(2) },
  { weight: 1, arbitrary: fc.constant("ff") },
);
const traceparent = joined(
  version,
  "-",
  id(32),
  "-",
  id(16),
  "-",
  digits(2),
  fc.constantFrom("", "", "", "-", "-future", "."),
);
const decision = fc.constantFrom("0", "1", "d");
const b3 = fc.oneof(
  decision,
  joined(traceId, "-", id(16)),
  joined(traceId, "-", id(16), "-", decision),
  joined(traceId, "-", id(16), "-", decision, "-", id(16)),
);
const colon = fc.constantFrom(":", ":", "%3A", "%3a");
const uberTraceId = joined(short(32), colon, short(16), colon, short(16), colon, short(2));
const member = joined(
  fc.constantFrom("a", "0", "a@b", "az_-*/@9", "A", "@", "", "a b"),
  fc.constantFrom("=", "=", "=", "", "=="),
  fc.constantFrom("1", " x", "a b", "~!", "", " ", "\t", "é"),
);
const space = fc.constantFrom("", "", " ", "\t", " \t ");
const list = fc
  .array(joined(space, fc.oneof({ weight: 6, arbitrary: member }, { weight: 1, arbitrary: fc.constant("") }), space), {
    maxLength: 5,
  })
  .map((members) => members.join());
/** Lists about as long as they may be: in members and in bytes. */
const longList = fc
  .tuple(fc.integer({ min: 30, max: 66 }), fc.integer({ min: 0, max: 14 }), fc.constantFrom("", ",", " , "))
  .map(
    ([members, length, end]) =>
      Array.from({ length: members }, (_, index) => `k${index}=${"v".repeat(length)}`).join() + end,
  );
/** One value about as long as it may be. */
const longValue = fc
  .tuple(fc.integer({ min: 250, max: 260 }), fc.integer({ min: 250, max: 260 }))
  .map(([key, value]) => `${"k".repeat(key)}=${"v".repeat(value)}`);

const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
const special = fc.constantFrom(..."-:%,=@ \t0afAFgG\0\r\n\x7f\xff");

/** A text in which a few bytes were replaced, left out, put in or doubled, or that is cut. */
function mutated(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const place = fc.double({ min: 0, max: 1, noNaN: true });
  const change = fc.tuple(
    place,
    fc.constantFrom("replace", "remove", "insert", "double", "cut"),
    fc.oneof(special, byte),
  );
  return fc.tuple(texts, fc.array(change, { maxLength: 3 })).map(([text, changes]) => changes.reduce(changed, text));
}

function changed(text: string, [part, how, character]: [number, string, string]): string {
  const at = Math.floor(part * text.length);
  const [before, after] = [text.slice(0, at), text.slice(at)];
  switch (how) {
    case "replace":
      return `${before}${character}${after.slice(1)}`;
    case "remove":
      return `${before}${after.slice(1)}`;
    case "insert":
      return `${before}${character}${after}`;
    case "double":
      return `${before}${after}${after}`;
    default:
      return before;
  }
}

const anything = fc.oneof(
  fc.string({ unit: fc.oneof(special, byte), maxLength: 80 }),
  traceparent,
  b3,
  uberTraceId,
  list,
);
const headers = (texts: fc.Arbitrary<string>) =>
  fc.oneof(
    { weight: 3, arbitrary: joined(space, texts, space) },
    { weight: 5, arbitrary: mutated(texts) },
    { weight: 1, arbitrary: anything },
  );

/** Holds a reader to the model; at least a tenth of the texts is good, and a tenth is not. */
function expectAgreement<T>(texts: fc.Arbitrary<T>, read: (text: T) => unknown, expected: (text: T) => unknown): void {
  let good = 0;
  let bad = 0;
  fc.assert(
    fc.property(texts, (text) => {
      const context = expected(text);
      if (context === undefined || context === false) bad++;
      else good++;
      expect(read(text)).toEqual(context);
    }),
    RUNS,
  );
  expect(Math.min(good, bad)).toBeGreaterThan((good + bad) / 10);
}

/** As the library tells it, which does not say that an id is not random. */
function told(context: model.ModelContext | undefined): model.ModelContext | undefined {
  if (context?.random !== false) return context;
  const { random: _, ...rest } = context;
  return rest;
}

describe("a reader of random headers agrees with the model", () => {
  it("on traceparent", () => {
    expectAgreement(
      headers(traceparent),
      (text) => lib.traceparent(text),
      (text) => told(model.modelTraceparent(text)),
    );
  });

  it("on b3", () => {
    expectAgreement(headers(b3), (text) => lib.b3(text), model.modelB3);
  });

  it("on b3 in many headers", () => {
    const part = <T extends string>(name: T, texts: fc.Arbitrary<string>) =>
      fc
        .option(
          fc.oneof({ weight: 8, arbitrary: joined(space, texts, space) }, { weight: 1, arbitrary: mutated(texts) }),
          { nil: undefined, freq: 4 },
        )
        .map((value) => (value === undefined ? {} : { [name]: value }));
    const values: fc.Arbitrary<model.B3Headers> = fc
      .tuple(
        part("traceId", traceId),
        part("spanId", id(16)),
        part("sampled", fc.constantFrom("0", "1", "true", "False", "d")),
        part("flags", fc.constantFrom("0", "1")),
      )
      .map((parts) => Object.assign({}, ...parts));
    expectAgreement(values, (one) => lib.b3Multi(one), model.modelB3Multi);
  });

  it("on uber-trace-id", () => {
    expectAgreement(headers(uberTraceId), (text) => lib.uberTraceId(text), model.modelUberTraceId);
  });

  it("on tracestate", () => {
    const good = fc
      .array(joined(space, fc.constantFrom("a=1", "b=2 3", "a@b=c", ""), space), { maxLength: 6 })
      .map((members) => members.join());
    expectAgreement(
      headers(fc.oneof(good, good, list, longList, longValue)),
      (text) => lib.tracestate(text),
      model.modelTracestate,
    );
  });

  it("on baggage", () => {
    const long = fc.integer({ min: 8185, max: 8200 }).map((length) => "a=".padEnd(length, "x"));
    expectAgreement(headers(fc.oneof(list, longList, long)), (text) => lib.baggage(text), model.modelBaggage);
  });
});

describe("a context", () => {
  const context = fc.record({
    high: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    low: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
    span: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
    sampled: fc.boolean(),
  });

  it("is written as the model writes it, and read again as what it is", () => {
    fc.assert(
      fc.property(context, ({ high, low, span, sampled }) => {
        lib.begin(high, low);
        lib.decide(sampled);
        const ids = {
          traceId: ((high << 64n) | low).toString(16).padStart(32, "0"),
          spanId: span.toString(16).padStart(16, "0"),
        };
        const written = lib.written(span);
        expect(written).toMatchObject(model.modelHeaders({ ...ids, sampled, random: true }, span));
        expect(lib.traceparent(written.traceparent ?? "")).toEqual({ ...ids, sampled, random: true });
        expect(lib.b3(written.b3 ?? "")).toEqual({ ...ids, sampled });
        expect(lib.uberTraceId(written["uber-trace-id"] ?? "")).toEqual({ ...ids, sampled });
        const many = { traceId: written["x-b3-traceid"] ?? "", spanId: written["x-b3-spanid"] ?? "" };
        expect(lib.b3Multi({ ...many, sampled: sampled ? "1" : "0" })).toEqual({ ...ids, sampled });
      }),
      RUNS,
    );
  });

  it("of one form is the same context in every other", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          traceparent.map((text) => ({ read: () => lib.traceparent(text) })),
          b3.map((text) => ({ read: () => lib.b3(text) })),
          uberTraceId.map((text) => ({ read: () => lib.uberTraceId(text) })),
        ),
        fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
        ({ read }, span) => {
          const context = read();
          if (context?.traceId === undefined) return;
          expect(lib.written(span)).toMatchObject(model.modelHeaders(context, span));
        },
      ),
      RUNS,
    );
  });
});
