import fc from "fast-check";
import { SaxesParser } from "saxes";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../../compiler/plan/plan.js";
import { soapConfig } from "../../test/support/soap-config.js";
import { type Converted, SoapConverter } from "../../test/support/soap-converter.js";
import { mutated, valueChanges } from "../../test/support/soap-documents.js";
import { attribute, complexType, element, operation, service } from "../../test/support/soap-model.js";
import { modelsWithValues } from "../../test/support/soap-models.js";
import { checkElement } from "./codec-check.js";
import { decodeElement } from "./codec-decode.js";
import { readEnvelope } from "./envelope.js";
import type { ElementModel, ServiceModel } from "./model.js";

const RUNS = Number(process.env.SLUICE_FUZZ_RUNS ?? 150);

let converter: SoapConverter;
beforeAll(async () => {
  converter = await SoapConverter.start();
});

function configure(model: ServiceModel, limits = {}): void {
  expect(converter.configure(soapConfig(model, { operations: { Do: "POST /do" }, limits }))).toBeUndefined();
}

function inputOf(model: ServiceModel): ElementModel {
  const input = model.operations[0]?.input;
  if (input === undefined) throw new Error("no input");
  return input;
}

/** What the service reads of an envelope, by a parser and a schema that are not the module's. */
function received(model: ServiceModel, { status, envelope, ...problem }: Converted): Json {
  expect({ status, ...problem }).toEqual({ status: 0 });
  const message = readEnvelope(model.version, envelope ?? "");
  if (message?.content === undefined) throw new Error(`no message: ${envelope}`);
  return decodeElement(model, inputOf(model), message.content);
}

/** The same value with the members of each object in another order. */
function turned(value: Json, by: number): Json {
  if (Array.isArray(value)) return value.map((item) => turned(item, by));
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(([name, inner]): [string, Json] => [name, turned(inner, by)]);
  const at = by % Math.max(members.length, 1);
  return Object.fromEntries([...members.slice(at), ...members.slice(0, at).toReversed()]) satisfies JsonObject;
}

describe("random models", () => {
  // A policy is never freed: a new VM before its memory is used up.
  beforeEach(async () => {
    converter = await SoapConverter.start();
  });

  it("values that fit reach the service as they are, in the order of the schema", () => {
    fc.assert(
      fc.property(modelsWithValues, fc.nat(7), ({ model, input }, by) => {
        configure(model);
        expect(
          received(model, converter.convert({ operation: "Do", body: JSON.stringify(turned(input, by)) })),
        ).toEqual(input);
      }),
      { numRuns: RUNS },
    );
  });

  it("values that may not fit are refused where they do not, and only then", () => {
    let refused = 0;
    fc.assert(
      fc.property(modelsWithValues, valueChanges, ({ model, input }, mutations) => {
        configure(model);
        const value: Json = mutated(input, mutations);
        const converted = converter.convert({ operation: "Do", body: JSON.stringify(value) });
        const misfits = checkElement(model, inputOf(model), value);
        if (misfits.length === 0) {
          received(model, converted);
          return;
        }
        refused++;
        expect(converted.status).toBe(400);
        // Where there is no body to fit, it is refused as a whole.
        if (converted.detail?.endsWith("this operation takes no body.")) return;
        expect(misfits.map(({ pointer }) => pointer)).toContain(nearby(misfits, converted.pointer));
      }),
      { numRuns: 2 * RUNS },
    );
    expect(refused).toBeGreaterThan(RUNS / 4);
  });

  /** The oracle points to a list, the module to the item of it that does not fit. */
  function nearby(misfits: readonly { pointer: string }[], pointer = "none"): string {
    const list = pointer.replace(/\/[0-9]+$/, "");
    return misfits.some((misfit) => misfit.pointer === pointer) ? pointer : list;
  }
});

describe("hostile requests", () => {
  const model = service(
    [operation("Do", { input: element("Do", "#Do") })],
    [
      complexType(
        "Do",
        [
          element("text", "string", { min: 0 }),
          element("list", "string", { min: 0, max: "unbounded" }),
          element("numbers", "int", { min: 0, max: "unbounded" }),
          element("self", "#Do", { min: 0 }),
        ],
        { attributes: [attribute("a", "string")] },
      ),
    ],
  );
  beforeEach(() => configure(model, { body: "1Mi" }));
  const convert = (body: unknown) => converter.convert({ operation: "Do", body });

  /** Events of a parser that stops at the first thing that is not well-formed. */
  function textsOf(envelope = ""): string[] {
    const texts: string[] = [];
    const parser = new SaxesParser({ xmlns: true });
    parser.on("error", (error) => {
      throw error;
    });
    parser.on("attribute", ({ name, value }) => {
      if (name === "a") texts.push(value);
    });
    parser.on("text", (text) => {
      texts.push(text);
    });
    parser.write(envelope).close();
    return texts;
  }

  /** XML 1.0, section 2.2; JSON text has no lone surrogates. */
  function isXml(text: string): boolean {
    return [...text].every((character) => {
      const code = character.codePointAt(0) ?? 0;
      return code >= 0x20 ? code !== 0xfffe && code !== 0xffff : [9, 10, 13].includes(code);
    });
  }

  it.each([
    ["</n1:text>", "]]>", "<![CDATA[", "<!--", "-->", "<?xml?>", "&amp;", "&#0;", "&lt"],
    [
      "'\"<>&",
      '" b="',
      "\t\r\n ",
      "\u0085\u2028",
      "\u007f\u009f",
      "😀漢é",
      "\ufffd\ue000",
      `${"x".repeat(8191)}é<${"😀".repeat(4000)}`,
    ],
  ])("texts that look like markup stay texts: %j, ...", (...texts) => {
    for (const text of texts) {
      expect(textsOf(convert({ text, "@a": text }).envelope)).toEqual([text, text]);
    }
  });

  it("any text is either written so that it is read the same, or refused", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
        const { status, envelope, pointer } = convert({ "@a": "", text });
        expect(status === 0).toBe(isXml(text));
        if (status === 0) expect(textsOf(envelope).join("")).toBe(text);
        else expect(pointer).toBe("/text");
      }),
      { numRuns: 4 * RUNS },
    );
  });

  it.each(["\0", "\x01", "\b", "\x1f", "\ufffe", "\uffff", "a\u0000b"])("XML cannot have %j", (text) => {
    const detail = "The value has a character that XML cannot have.";
    expect(convert({ text })).toEqual({ status: 400, pointer: "/text", detail });
    expect(convert({ "@a": text })).toEqual({ status: 400, pointer: "/@a", detail });
  });

  it("a body that ends too early is refused, at every byte", () => {
    const whole = Buffer.from('{"@a":"\\u00e9","text":"é\\ud83d\\ude00","numbers":[1,-2,10],"self":{"list":["a",""]}}');
    expect(convert(whole).status).toBe(0);
    for (let length = 0; length < whole.length; length++) {
      const { status, pointer } = convert(whole.subarray(0, length));
      expect({ length, status, pointer }).toEqual({ length, status: 400, pointer: undefined });
    }
  });

  it("changed bytes never end the VM, and what is written stays well-formed", () => {
    const whole = Buffer.from('{"@a":"x","text":"é<","numbers":[1,-2,10],"self":{"list":["a",""],"self":{}}}');
    const change = fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (bytes) => {
        const body = Buffer.from(whole);
        for (const [at, byte] of bytes) body[at] = byte;
        const { status, envelope, detail } = convert(body);
        if (status === 0) textsOf(envelope);
        else expect(detail).toMatch(/\.$/);
        expect([0, 400]).toContain(status);
      }),
      { numRuns: 10 * RUNS },
    );
  });

  it("depth is bounded", () => {
    const deep = (depth: number) => `${'{"self":'.repeat(depth)}{}${"}".repeat(depth)}`;
    expect(convert(deep(31)).status).toBe(0);
    expect(convert(deep(32))).toEqual({
      status: 400,
      pointer: "/self".repeat(32),
      detail: "The value lies too deep in other values.",
    });
    expect(convert(deep(100_000)).detail).toBe("The body lies too deep in itself at byte 520.");
    expect(convert("[".repeat(1_000_000)).status).toBe(413);
  });

  it("ten thousand members that are not known cost no more than the first", () => {
    const members = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`m${index}`, index]));
    expect(convert(members)).toEqual({ status: 400, pointer: "/m0", detail: "The member is not known." });
    expect(convert({ ["k".repeat(500_000)]: 1 })).toEqual({
      status: 400,
      pointer: "",
      detail: "The member is not known.",
    });
  });

  it("a body over the limit is too large, and so is one that would need more than its share of memory", () => {
    expect(convert(`{"text":"${"x".repeat(1 << 20)}"}`)).toEqual({ status: 413, detail: "The body is too large." });
    expect(convert(`[${"1,".repeat(524_000)}1]`)).toEqual({
      status: 413,
      detail: "The body needs more memory than is allowed.",
    });
    expect(convert(`{"list":[${'"",'.repeat(300_000)}""]}`)).toEqual({
      status: 413,
      detail: "The request to the service is too large.",
    });
    expect(convert(`{"numbers":[${"1,".repeat(50_000)}1]}`).status).toBe(0);
  });

  it("memory is at most eight times the limit, whatever comes, and does not grow with the number of requests", () => {
    const bodies = [
      `{"text":"${"<".repeat((1 << 20) - 20)}"}`,
      `{"text":"${"x".repeat((1 << 20) - 20)}"}`,
      `{"list":[${'"abcdef",'.repeat(100_000)}""]}`,
      `{"numbers":[${"1,".repeat(500_000)}1]}`,
      `${'{"self":'.repeat(30)}{}${"}".repeat(30)}`,
    ];
    const before = converter.module.size;
    const round = () => {
      for (const body of bodies) convert(body);
      return converter.module.size;
    };
    const once = round();
    expect(once - before).toBeLessThan(8 * (1 << 20) + (2 << 20));
    for (let turn = 0; turn < 5; turn++) expect(round()).toBe(once);
  });
});
