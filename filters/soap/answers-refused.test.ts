import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answersConverter, enveloped, SOAP11, SOAP12 } from "../../test/support/soap-answers.js";

const { answer, answered, json, refused } = answersConverter();

describe("answers that do not fit", () => {
  const name = "<name>A</name>";

  it.each([
    ["<other/>", "element other"],
    [`<b:partner id="1">${name}</b:partner>`, "element partner"],
    [`<partner id="1" xmlns="u:b"><name/></partner>`, "element partner"],
    [`<partner id="1"/>`, "missing partner"],
    [`<partner>${name}</partner>`, "missing partner"],
    [`<partner id="x">${name}</partner>`, "value partner"],
    [`<partner id="1" kind="iron">${name}</partner>`, "value partner"],
    [`<partner id="1" version="2">${name}</partner>`, "value partner"],
    [`<partner id="1" other="">${name}</partner>`, "attribute partner"],
    [`<partner id="1" mark="">${name}</partner>`, "attribute partner"],
    [`<partner id="1" i:other="">${name}</partner>`, "attribute partner"],
    [`<partner id="1">${name}${name}</partner>`, "tooMany name"],
    [`<partner id="1"><alias/>${name}</partner>`, "missing alias"],
    [`<partner id="1">${name}<score>1</score><alias/></partner>`, "element alias"],
    [`<partner id="1">${name}<phone/><email/></partner>`, "element email"],
    [`<partner id="1">${name}<email/><phone/></partner>`, "element phone"],
    [`<partner id="1">${name}<email/><email/><email/></partner>`, "tooMany email"],
    [`<partner id="1">${name}x</partner>`, "text name"],
    ["x", "text r"],
    [`<partner id="1"><name><b/></name></partner>`, "element b"],
    [`<partner id="1"><name x="">A</name></partner>`, "attribute name"],
    [`<partner id="1"><name i:nil="true"/></partner>`, "nil name"],
    [`<partner id="1">${name}<score i:nil="true">1</score></partner>`, "nil score"],
    [`<partner id="1">${name}<score i:nil="maybe"/></partner>`, "nil score"],
    [`<partner id="1">${name}<score/></partner>`, "value score"],
    [`<partner id="1">${name}<score>1,5</score></partner>`, "value score"],
  ])("%s: %s", (content, expected) => {
    expect(refused("List", content)).toBe(expected);
  });

  it("the envelope is one, and of the operation's version", () => {
    const outcome = (text: string, status?: number) => answer("Nothing", text, status).outcome;
    const r = `<r xmlns="u:a"/>`;
    expect(outcome(enveloped(r))).toBe("answer");
    expect(outcome(enveloped(r, SOAP12))).toBe("version");
    expect(outcome(enveloped(r, "u:a"))).toBe("version");
    expect(outcome(enveloped(r, "u:unknown"))).toBe("version");
    expect(outcome(r)).toBe("envelope");
    expect(outcome(enveloped(r).replace("<s:Body>", "<s:Body/><s:Body>"))).toBe("empty");
    expect(outcome(enveloped(`${r}${r}`))).toBe("element");
    expect(outcome(enveloped(`${r}x`))).toBe("text");
    expect(outcome(enveloped("x"))).toBe("text");
    expect(outcome(enveloped(r).replace("</s:Body>", `</s:Body>${r}`))).toBe("envelope");
    expect(outcome(enveloped(r).replace("<s:Body>", `<s:Body s:encodingStyle="u">`))).toBe("envelope");
    expect(outcome(enveloped(r).replace("<s:Body>", `<s:Body id="1">`))).toBe("envelope");
    expect(outcome(enveloped(r).replace("<s:Body>", `<s:Body i:id="1">`))).toBe("answer");
    expect(outcome(enveloped(r, SOAP11, "<s:Header/><s:Header/>"))).toBe("envelope");
    expect(outcome(enveloped(`<r xmlns="u:a" s:encodingStyle=""/>`))).toBe("attribute");
    expect(outcome(enveloped(r), 500)).toBe("status");
    expect(outcome("<html><body>oops</body></html>")).toBe("envelope");
    expect(outcome("oops")).toBe("notXml");
    expect(outcome(`<!DOCTYPE a>${r}`)).toBe("doctype");
    expect(outcome(enveloped(`<?p?>${r}`))).toBe("instruction");
  });

  it("headers that must be understood are those of addressing and of security", () => {
    const outcome = (header: string) =>
      answer("Nothing", enveloped(`<r xmlns="u:a"/>`, SOAP11, `<s:Header>${header}</s:Header>`)).outcome;
    const wsa = "http://www.w3.org/2005/08/addressing";
    const wsse = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
    expect(outcome(`<a xmlns="u:c"><b>x</b></a>`)).toBe("answer");
    expect(outcome(`<a xmlns="u:c" s:mustUnderstand="0"/>`)).toBe("answer");
    expect(outcome(`<a xmlns="u:c" s:mustUnderstand="1"/>`)).toBe("notUnderstood");
    expect(outcome(`<a xmlns="u:c" s:mustUnderstand="true"/>`)).toBe("notUnderstood");
    expect(outcome(`<a xmlns="u:c" s:mustUnderstand="yes"/>`)).toBe("envelope");
    expect(outcome(`<a xmlns="u:c" s:mustUnderstand="1" s:actor="u:other"/>`)).toBe("answer");
    expect(outcome(`<a xmlns="u:c" s:mustUnderstand="1" s:actor="http://schemas.xmlsoap.org/soap/actor/next"/>`)).toBe(
      "notUnderstood",
    );
    expect(outcome(`<RelatesTo xmlns="${wsa}" s:mustUnderstand="1">x</RelatesTo>`)).toBe("answer");
    expect(outcome(`<Security xmlns="${wsse}" s:mustUnderstand="1"><x/></Security>`)).toBe("answer");
    expect(outcome(`<Other xmlns="${wsse}" s:mustUnderstand="1"/>`)).toBe("notUnderstood");
  });

  it("an answer that ends at any byte is refused", () => {
    const whole = Buffer.from(
      enveloped(
        `<r xmlns="u:a"><partner id="1"><name>Aé&amp;</name><alias><![CDATA[x]]></alias></partner></r>`,
      ).trimEnd(),
    );
    expect(answer("List", whole).outcome).toBe("answer");
    for (let end = 0; end < whole.length; end++) {
      const { outcome } = answer("List", whole.subarray(0, end));
      expect(["truncated", "notXml"], `${end}`).toContain(outcome);
    }
  });

  it("limits hold", () => {
    const nested = (count: number) =>
      `<partner id="1"><name/>${`<b:parent id="1"><name/>`.repeat(count)}${"</b:parent>".repeat(count)}</partner>`;
    // The output itself, the partner, its parents and the name in the last one.
    expect(answered("List", nested(13)).outcome).toBe("answer");
    expect(answered("List", nested(16)).outcome).toBe("tooDeep");
    expect(answered("List", "", Array.from({ length: 9 }, (_, index) => ` a${index}=""`).join("")).outcome).toBe(
      "tooComplex",
    );
    expect(answered("List", `<${"x".repeat(65)}/>`).outcome).toBe("tooComplex");
  });

  it("what is out of proportion is refused", () => {
    const lists = Array.from({ length: 40 }, (_, index) => `list-of-a-long-name-${index}`);
    expect(json("Long", "<x/>")).toBe(JSON.stringify({ x: [Object.fromEntries(lists.map((list) => [list, []]))] }));
    expect(answered("Long", "<x/>".repeat(40)).outcome).toBe("answer");
    expect(answered("Long", "<x/>".repeat(4000)).outcome).toBe("tooLong");
  });

  it("no change of an answer is a trap", () => {
    const whole = Buffer.from(
      enveloped(
        `<r xmlns="u:a"><partner id="1" kind="gold"><name>A</name><alias/><score i:nil="1"/><phone>1</phone></partner></r>`,
      ),
    );
    const bytes = fc.constantFrom(...Buffer.from("<>&;/!?[]-'\"=: \nais10#\0\u00ff", "latin1"));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), bytes), { minLength: 1, maxLength: 4 }), (changes) => {
        const changed = Buffer.from(whole);
        for (const [place, byte] of changes) changed[place] = byte;
        const { outcome, json } = answer("List", changed);
        if (outcome === "answer") expect(() => JSON.parse(json ?? "")).not.toThrow();
      }),
      { numRuns: Number(process.env.SLUICE_FUZZ_RUNS ?? 500) },
    );
  });
});
