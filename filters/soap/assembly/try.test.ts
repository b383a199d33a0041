import { it } from "vitest";
import { SoapConverter } from "../../../test/support/soap-converter.js";
it("x", async () => {
  const c = await SoapConverter.start({ environment: { U: "bob", P: "pa<ss" } });
  console.log(c.configure({
    namespaces: ["urn:crm", "urn:a&b"],
    simples: [
      { json: "string", form: "string", space: "preserve" },
      { json: "number", form: "integer", min: "-2147483648", max: "2147483647" },
      { json: "boolean", form: "boolean" },
      { json: "string", form: "list", item: 0 },
    ],
    types: [
      { content: [{ group: "sequence", span: 4 }, { name: "id", ns: 0, simple: 1 }, { name: "name", ns: 0, simple: 0, nillable: true }, { name: "partner", ns: 1, type: 1, min: 0, max: -1 }, { name: "flags", simple: 3, min: 0 }] },
      { attributes: [{ name: "kind", simple: 0, required: true }], content: [{ group: "choice", span: 2 }, { name: "a", simple: 0 }, { name: "b", simple: 2 }] },
    ],
    operations: [{ name: "Get", version: "1.1", pin: "P/Get", input: { name: "Get", ns: 0, type: 0 }, params: [{ segment: 1, field: ["id"] }, { query: "f", field: ["flags"], repeated: true }], addressing: { action: "urn:x", to: "http://a/b?c&d" } }],
    security: { user: "env:U", password: "env:P", digest: true, timestampSeconds: 300 },
    limits: { request: 65536, response: 65536, depth: 32, attributes: 32, name: 256, namespaces: 32 },
  }));
  const t = (r: any) => console.log(JSON.stringify(r), c.convert({ operation: "Get", path: "/p/7", ...r }));
  t({ body: { name: "A<&>\"\r\n]]>", partner: [{ "@kind": "x\"<\n", a: "1" }, { b: true, "@kind": "" }] }, query: "f=a+b&f=c&x=1" });
  t({ body: { name: null, partner: [{ "@kind": "x\"<\n", a: "1", b: true }] } });
  t({ body: { name: null, partner: [{ "@kind": "x\"<\n" }] } });
  t({ body: { name: null, partner: [{ "@kind": "x", a: null }] }});
  t({ body: { name: null, partner: [{ "@kind": "x", a: 1 }] }});
  t({ body: { name: null, partner: [{ a: 1 }] }});
  t({ body: { name: null, partner: {} }});
  t({ body: { name: null, id: 7 }});
  t({ body: { name: 7 }});
  t({ body: { "na~m/e": 7 } as any });
}, 100000);
