import { describe, expect, it } from "vitest";
import { answersConverter, enveloped, SOAP11, SOAP12 } from "../../test/support/soap-answers.js";
import type { AnsweredJson } from "../../test/support/soap-converter.js";

const { answer, answered, json, refused } = answersConverter();

describe("answers", () => {
  it("elements are members, attributes come first, and what repeats is an array", () => {
    const content = `
      <partner id="1" b:mark=" x  y "><name>A</name></partner>
      <partner kind="gold" id="+02" version="1"><name/><alias>B</alias><alias>C</alias><score>1e3</score><phone> 1 </phone></partner>
      <partner id="3"><name> n </name><alias>D</alias><email>e</email><email>f</email></partner>`;
    expect(json("List", content)).toBe(
      `{"partner":[{"@id":1,"@kind":"tin","@mark":"x y","@version":1.0,"name":"A","alias":[]},` +
        `{"@id":2,"@kind":"gold","@version":1,"name":"","alias":["B","C"],"score":1e3,"phone":"1"},` +
        `{"@id":3,"@kind":"tin","@version":1.0,"name":" n ","alias":["D"],"email":["e","f"]}]}`,
    );
    expect(json("List", `<partner id="1"><name>A</name></partner>`)).toMatch(/^\{"partner":\[\{.*\}\]\}$/);
    expect(json("List", "")).toBe(`{"partner":[]}`);
  });

  it("types may be in themselves, and elements of one type in two namespaces", () => {
    const content = `<partner id="1"><name>A</name><b:parent id="2"><name>B</name><b:parent i:nil="1"/></b:parent></partner>`;
    expect(json("List", content)).toBe(
      `{"partner":[{"@id":1,"@kind":"tin","@version":1.0,"name":"A","alias":[],` +
        `"parent":{"@id":2,"@kind":"tin","@version":1.0,"name":"B","alias":[],"parent":null}}]}`,
    );
  });

  it("nil is null", () => {
    const within = (score: string) => json("List", `<partner id="1"><name>A</name>${score}</partner>`);
    expect(within(`<score i:nil="true"/>`)).toContain(`"score":null`);
    expect(within(`<score i:nil=" 1 "></score>`)).toContain(`"score":null`);
    expect(within(`<score i:nil="false">1</score>`)).toContain(`"score":1}`);
    expect(within("")).not.toContain("score");
  });

  it.each([
    ["int", "0", "0"],
    ["int", "-0", "-0"],
    ["int", "+1", "1"],
    ["int", " 007\n", "7"],
    ["int", "-000", "-0"],
    ["int", "123456789012345678901234567890", "123456789012345678901234567890"],
    ["decimal", ".5", "0.5"],
    ["decimal", "-.50", "-0.50"],
    ["decimal", "5.", "5"],
    ["decimal", "+005.0100", "5.0100"],
    ["decimal", "0.0000000000000000000000001", "0.0000000000000000000000001"],
    ["double", "1E+05", "1E+05"],
    ["double", "5.e3", "5e3"],
    ["double", "-.5e-3", "-0.5e-3"],
    ["double", "INF", `"INF"`],
    ["double", "-INF", `"-INF"`],
    ["double", "NaN", `"NaN"`],
    ["boolean", " true ", "true"],
    ["boolean", "1", "true"],
    ["boolean", "false", "false"],
    ["boolean", "0", "false"],
    ["token", " a \n b ", `"a b"`],
    ["string", " a\t", `" a\\t"`],
    ["string", `"\\/é\u{1F600}&#13;&#10;]]&gt;&lt;`, `"\\"\\\\/é\u{1F600}\\r\\n]]><"`],
    ["string", "<![CDATA[<a>]]><!-- x -->b", `"<a>b"`],
    ["ints", "", "[]"],
    ["ints", " 1 ", "[1]"],
    ["ints", " 01 \n+2  3", "[1,2,3]"],
    ["grade", " gold ", `"gold"`],
    ["code", "tin", `"tin"`],
    ["code", " 07 ", `"07"`],
  ])("a value of %s: %j is %s", (name, text, expected) => {
    expect(json("Values", `<${name}>${text}</${name}>`)).toBe(`{"${name}":${expected}}`);
  });

  it("strings of all lengths are whole, whatever is in them", () => {
    for (let size = 0; size < 80; size++) {
      const text = `${"x".repeat(size)}"\n\\é`.repeat(3);
      expect(json("Values", `<string>${text}</string>`)).toBe(JSON.stringify({ string: text }));
    }
    const long = `ab"\u{1F600}`.repeat(20_000);
    expect(json("Values", `<string>${long}</string>`)).toBe(JSON.stringify({ string: long }));
  });

  it("children of an `all` come in any order, each once", () => {
    expect(json("Values", "<token>t</token><int>1</int><string>s</string>")).toBe(`{"token":"t","int":1,"string":"s"}`);
    expect(json("Values", "")).toBe("{}");
    expect(refused("Values", "<int>1</int><token>t</token><int>1</int>")).toBe("tooMany int");
    expect(refused("Values", "<int>1</int><int>1</int>")).toBe("tooMany int");
  });

  it("an answer may be the value of its only child", () => {
    expect(json("Amount", `<amount unit="EUR">07.50</amount>`)).toBe(`{"@unit":"EUR","$value":7.50}`);
    expect(json("Amount", "<amount/>")).toBe(`{"$value":7}`);
    expect(json("Items", "")).toBe("[]");
    expect(json("Items", "<item/><item>a</item>")).toBe(`["none","a"]`);
    expect(json("Maybe", "")).toBe("null");
    expect(json("Maybe", "<maybe>1</maybe>")).toBe("1");
    expect(refused("Amount", "")).toBe("missing r");
    expect(refused("Items", "<item/>".repeat(4))).toBe("tooMany item");
  });

  it("an answer may be empty, be a value, or not be at all", () => {
    expect(json("Nothing", "\n")).toBe("{}");
    expect(answer("Text", enveloped(`<r xmlns="u:a">5</r>`)).json).toBe("5");
    expect(answer("Text", enveloped(`<r xmlns="u:a" i:nil="true"/>`)).json).toBe("null");
    expect(answer("Silent", enveloped(""))).toEqual({ outcome: "answer", json: "" });
    expect(answer("Silent", "")).toEqual({ outcome: "answer", json: "" });
    expect(answer("Silent", "", 202)).toEqual({ outcome: "answer", json: "" });
    expect(answer("Nothing", enveloped("")).outcome).toBe("empty");
    expect(answer("Nothing", "").outcome).toBe("truncated");
  });

  it("groups are there as a whole or not at all", () => {
    expect(json("Groups", "")).toBe(`{"two":[]}`);
    expect(json("Groups", "<one>1</one><two>2</two><two>3</two>")).toBe(`{"one":1,"two":[2,3]}`);
    expect(json("Groups", `<three i:nil="true"/>`)).toBe(`{"two":[],"three":null}`);
    expect(refused("Groups", "<one>1</one>")).toBe("missing one");
    expect(refused("Groups", "<one>1</one><two>2</two><three/>")).toBe("missing three");
    expect(refused("Groups", "<two>2</two><two>2</two>")).toBe("missing two");
    expect(refused("Groups", `<three/><one>1</one>`)).toBe("element one");
  });

  it("attributes of XML and of XML Schema are no members", () => {
    const general = ` xml:lang="en" i:type="b:Any" i:schemaLocation="u v" i:noNamespaceSchemaLocation="w"`;
    expect(answered("Nothing", "", general)).toEqual({ outcome: "answer", json: "{}" });
  });
});

describe("faults", () => {
  const fault11 = (code: string, rest = "", attributes = "") =>
    enveloped(
      `<s:Fault><faultcode${attributes}>${code}</faultcode><faultstring>at db7.local</faultstring>${rest}</s:Fault>`,
    );
  const outcome = (text: string, status = 500): AnsweredJson => answer("List", text, status);

  it("blame the request or the service", () => {
    expect(outcome(fault11("s:Client")).outcome).toBe("senderFault");
    expect(outcome(fault11(" s:Client.Authentication ")).outcome).toBe("senderFault");
    expect(outcome(fault11("Client")).outcome).toBe("senderFault");
    expect(outcome(fault11("x:Client", "", ` xmlns:x="${SOAP11}"`)).outcome).toBe("senderFault");
    expect(outcome(fault11("x:Client", "", ' xmlns:x="u:c"')).outcome).toBe("receiverFault");
    expect(outcome(fault11("s:Clients")).outcome).toBe("receiverFault");
    expect(outcome(fault11("s:Server")).outcome).toBe("receiverFault");
    expect(outcome(fault11("s:MustUnderstand")).outcome).toBe("receiverFault");
    expect(outcome(fault11("")).outcome).toBe("receiverFault");
    expect(outcome(fault11("<a>s:Client</a>s:Client")).outcome).toBe("receiverFault");
    expect(outcome(enveloped("<s:Fault/>")).outcome).toBe("receiverFault");
    expect(outcome(fault11("s:Client"), 200).outcome).toBe("senderFault");
  });

  it("have the detail that the operation declares", () => {
    const detail = (content: string) => fault11("s:Client", `<detail>${content}</detail>`);
    const declared = `<b:NotFound xmlns:b="u:b" xmlns="u:a"><int>07</int></b:NotFound>`;
    const expected = { outcome: "declaredFault", json: `{"int":7}`, fault: 0 };
    expect(outcome(detail(declared))).toEqual(expected);
    expect(outcome(detail(declared), 200)).toEqual(expected);
    expect(outcome(detail(`<x>stack</x>${declared}<NotFound/>`))).toEqual(expected);
    expect(outcome(detail(`<Busy xmlns="u:b"/>${declared}`))).toEqual({
      outcome: "declaredFault",
      json: "{}",
      fault: 1,
    });
    expect(outcome(detail(`<NotFound/>`)).outcome).toBe("senderFault");
    expect(outcome(detail("text")).outcome).toBe("senderFault");
    expect(outcome(detail(`<Busy xmlns="u:b">x</Busy>`))).toEqual({ outcome: "text", element: "Busy" });
  });

  it("of SOAP 1.2 are the same", () => {
    const fault12 = (code: string, rest = "") =>
      answer(
        "New",
        enveloped(
          `<s:Fault><s:Code><s:Value>${code}</s:Value><s:Subcode><s:Value>s:Sender</s:Value></s:Subcode></s:Code>` +
            `<s:Reason><s:Text xml:lang="en">x</s:Text></s:Reason>${rest}</s:Fault>`,
          SOAP12,
        ),
        400,
      );
    expect(fault12("s:Sender").outcome).toBe("senderFault");
    expect(fault12("s:Receiver").outcome).toBe("receiverFault");
    expect(fault12("s:DataEncodingUnknown").outcome).toBe("receiverFault");
    const declared = `<s:Detail><NotFound xmlns="u:b"><boolean xmlns="u:a">1</boolean></NotFound></s:Detail>`;
    expect(fault12("s:Sender", declared)).toEqual({ outcome: "declaredFault", json: `{"boolean":true}`, fault: 0 });
    expect(answer("New", fault11("s:Client"), 500).outcome).toBe("version");
  });

  it("must be XML to their end", () => {
    expect(outcome(fault11("s:Client").replace("</s:Envelope>", "")).outcome).toBe("truncated");
    expect(outcome(fault11("s:Client", "<detail><a></b></detail>")).outcome).toBe("notXml");
  });
});
