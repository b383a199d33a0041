import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.js";
import { renderText } from "../../compiler/diagnostics/render/text.js";
import { locate, nodeAt, readDocument, toValue } from "../../compiler/syntax/document.js";
import { SourceFile } from "../../compiler/syntax/source.js";
import { complexType, crm, element, group, operation, service } from "../../test/support/soap-model.js";
import { type BoundOperation, bindOperations } from "./binding.js";
import type { ServiceModel } from "./model.js";
import { faultsSchema, operationsSchema } from "./settings.js";

/** Binds the body of a policy as it is written in YAML. */
function bind(
  text: string,
  model: ServiceModel = crm(),
): { bound: BoundOperation[]; sound: boolean; findings: string } {
  const { root } = readDocument(new SourceFile("policy.yaml", text));
  if (root === undefined) throw new Error("no YAML");
  const findings: Diagnostic[] = [];
  const at = (key: string) => {
    const node = nodeAt(root, [key]);
    return node === undefined ? {} : toValue(node);
  };
  const result = bindOperations(
    model,
    { operations: operationsSchema.parse(at("operations")), faults: faultsSchema.parse(at("faults")) },
    {
      policy: "crm",
      place: (path, part = "value") => locate(root, path, part),
      report: (finding) => findings.push(finding),
    },
  );
  return { ...result, findings: renderText(findings, { color: false }) };
}

/** The only operation, which has no finding. */
function bound(text: string, model?: ServiceModel): BoundOperation {
  const { bound: all, findings } = bind(`operations: ${text}`, model);
  expect(findings).toBe("");
  const [one] = all;
  if (one === undefined) throw new Error("it is not bound");
  return one;
}

function params(text: string, model?: ServiceModel): string[] {
  return bound(text, model).params.map(({ in: part, name, field, repeated, required }) =>
    [part, name, field.join("."), repeated ? "many" : "one", required ? "required" : "optional"].join(" "),
  );
}

describe("where fields come from", () => {
  it("a capture is the field of its name, and what else is simple is in the query of a GET", () => {
    expect(params('{ GetPartner: "GET /partners/{id}" }')).toEqual([
      "path id id one required",
      "query fields fields many optional",
    ]);
  });

  it("letter case of a capture makes no difference where only one field can be meant", () => {
    const model = service(
      [operation("Get", { input: element("Get", "#Get") })],
      [complexType("Get", [element("PartnerId", "int")])],
    );
    expect(params('{ Get: "GET /x/{partnerId}" }', model)).toEqual(["path partnerId PartnerId one required"]);
  });

  it("the body of a POST is all that is no parameter", () => {
    const one = bound('{ CreatePartner: { rest: "POST /partners", bind: { query: { dry: dryRun } } } }');
    expect(one.body).toEqual({});
    expect(one.params).toMatchObject([{ in: "query", name: "dry", field: ["dryRun"], required: false }]);
  });

  it("the body can be a field, with parts of it in the path", () => {
    const one = bound(
      '{ CreatePartner: { rest: "PUT /partners/{id}", bind: { body: partner, path: { id: partner.id }, query: { lang: partner.@lang } } } }',
    );
    expect(one.body).toEqual({ field: ["partner"] });
    expect(one.params.map(({ field, segment }) => [field, segment])).toEqual([
      [["partner", "id"], 1],
      [["partner", "@lang"], undefined],
    ]);
  });

  it("parameters with a common object stand together", () => {
    const query = "{ a: filter.text, limit: limit, s: filter.status }";
    const one = bound(`{ FindPartners: { rest: "GET /partners", bind: { query: ${query} } } }`);
    expect(one.params.map(({ name }) => name)).toEqual(["a", "s", "limit", "ids"]);
    expect(one.params.map(({ repeated }) => repeated)).toEqual([false, false, false, true]);
  });

  it("a POST brings no body where nothing is left for it", () => {
    expect(bound('{ Ping: "POST /ping" }').body).toBe(false);
    expect(bound('{ Double: "POST /double" }').body).toEqual({});
    const find = (query: string) => bound(`{ FindPartners: { rest: "POST /p", bind: { query: ${query} } } }`).body;
    expect(find("{ t: filter.text, s: filter.status, limit: limit, ids: ids }")).toBe(false);
    expect(find("{ t: filter.text, limit: limit, ids: ids }")).toEqual({});
  });

  it("the body brings what is left of an object of which a part is a parameter", () => {
    const one = bound('{ CreatePartner: { rest: "POST /partners", bind: { query: { name: partner.name } } } }');
    expect(one.body).toEqual({});
    expect(one.params.map(({ field, required }) => [field.join("."), required])).toEqual([["partner.name", true]]);
  });
});

describe("answers", () => {
  it("an output of one field that is always there is unwrapped, unless the policy says otherwise", () => {
    expect(bound('{ GetPartner: "GET /partners/{id}" }').unwrap).toBe(true);
    expect(bound('{ GetPartner: { rest: "GET /partners/{id}", unwrap: false } }').unwrap).toBe(false);
    expect(bound('{ CreatePartner: "POST /partners" }').unwrap).toBe(false);
    expect(bound('{ Ping: "GET /ping" }').unwrap).toBe(false);
  });

  it("an array is unwrapped, as it is there when it is empty", () => {
    const query = "{ text: filter.text }";
    expect(bound(`{ FindPartners: { rest: "GET /partners", bind: { query: ${query} } } }`).unwrap).toBe(true);
  });

  it("have a status of the policy, or 200, or 202 of what never answers", () => {
    expect(bound('{ CreatePartner: { rest: "POST /partners", success: 201 } }').success).toBe(201);
    expect(bound('{ Ping: "GET /ping" }').success).toBe(200);
    expect(bound('{ Notify: "POST /notify" }').success).toBe(202);
  });

  it("faults have the status of their name, else that of `default`, else 502", () => {
    const statuses = (faults: string) => {
      const { bound: all } = bind(`operations: { GetPartner: "GET /partners/{id}" }\nfaults: ${faults}`);
      return all.map((one) => [one.faults.map(({ status }) => status), one.sender, one.receiver]);
    };
    expect(statuses("{}")).toEqual([[[502], 400, 502]]);
    expect(statuses("{ PartnerNotFound: 404 }")).toEqual([[[404], 400, 502]]);
    expect(statuses("{ PartnerNotFound: 404, default: 500 }")).toEqual([[[404], 500, 500]]);
    expect(statuses("{ default: 500 }")).toEqual([[[500], 500, 500]]);
  });
});

describe("what is refused", () => {
  const rejects = (text: string, expected: string, model?: ServiceModel) => {
    const { findings, sound } = bind(text, model);
    expect(sound).toBe(false);
    expect(findings).toBe(expected);
  };

  it("no operation", () => {
    rejects(
      "operations: {}\n",
      `policy.yaml:1:1: error SL1050: \`operations\` names no operation, so nothing can be called
  1 | operations: {}
    | ^^^^^^^^^^

1 error
`,
    );
  });

  it("an operation that the service does not have", () => {
    rejects(
      'operations: { GetPartnr: "GET /partners/{id}", Xyz: "GET /xyz" }\n',
      `policy.yaml:1:15: error SL1051: the service \`Crm\` has no operation \`GetPartnr\`; did you mean \`GetPartner\`?
  1 | operations: { GetPartnr: "GET /partners/{id}", Xyz: "GET /xyz" }
    |               ^^^^^^^^^
fix: write \`GetPartner\`

policy.yaml:1:48: error SL1051: the service \`Crm\` has no operation \`Xyz\`; it has GetPartner, CreatePartner, FindPartners, Ping, Double, Notify
  1 | operations: { GetPartnr: "GET /partners/{id}", Xyz: "GET /xyz" }
    |                                                ^^^

2 errors
`,
    );
  });

  it("two operations for one request", () => {
    const model = service(
      [operation("Get", { input: element("Get", "#Get") }), operation("Find", { input: element("Find", "#Find") })],
      [complexType("Get", [element("id", "int")]), complexType("Find", [element("name", "string")])],
    );
    rejects(
      'operations: { Get: "GET /x/{id}", Find: "GET /x/{name}" }\n',
      `policy.yaml:1:35: error SL1052: \`Find\` is a second operation for \`GET /x/{name}\`
  1 | operations: { Get: "GET /x/{id}", Find: "GET /x/{name}" }
    |                                   ^^^^
policy.yaml:1:15: note: \`Get\` has it already
  1 | operations: { Get: "GET /x/{id}", Find: "GET /x/{name}" }
    |               ---

1 error
`,
      model,
    );
  });

  /** The findings without the lines that they show. */
  const messages = (text: string, model?: ServiceModel) =>
    bind(text, model)
      .findings.split("\n")
      .filter((line) => /^(policy\.yaml|crm\.wsdl|fix)/.test(line));

  it("captures and parameters that are no field", () => {
    const text = `operations:
  GetPartner: "GET /partners/{key}/{id}"
  CreatePartner: { rest: "PUT /p/{id}", bind: { path: { id: partner.idd }, query: { p: partner.parent.x }, body: partnr } }
  FindPartners: { rest: "POST /p", bind: { query: { c: filter.text.x } } }
  Double: { rest: "POST /double/{x}" }
  Ping: { rest: "POST /ping", bind: { query: { t: "@t" } } }
`;
    expect(messages(text)).toEqual([
      "policy.yaml:2:15: error SL1053: what is bound of `GetPartner` is no field: no field is named like the capture `{key}`; say which it is with `bind.path` (the input has id, fields)",
      "policy.yaml:3:61: error SL1053: what is bound of `CreatePartner` is no field: `partner` has no field `idd`; did you mean `partner.id`?",
      "policy.yaml:3:88: error SL1053: what is bound of `CreatePartner` is no field: `partner.parent` has no field `x`; known there: @version, @lang, id, name, birthday, balance, status, phone, mail, tags, code, photo, …",
      "policy.yaml:3:114: error SL1053: what is bound of `CreatePartner` is no field: the input has no field `partnr`; did you mean `partner`?",
      "policy.yaml:4:56: error SL1053: what is bound of `FindPartners` is no field: `filter.text` is a single value, so nothing in it has a path",
      "policy.yaml:5:19: error SL1053: what is bound of `Double` is no field: no field is named like the capture `{x}`; say which it is with `bind.path` (there is none)",
      "policy.yaml:6:51: error SL1053: what is bound of `Ping` is no field: the input has no field `@t`; known there: none",
    ]);
  });

  it("fields that are no text", () => {
    const text = `operations:
  CreatePartner: { rest: "POST /p/{partner}", bind: { query: { p: partner.parent } } }
  FindPartners: { rest: "GET /p/{ids}", bind: { query: { f: filter.text } } }
  GetPartner: { rest: "GET /q/{id}/{fields}" }
`;
    expect(messages(text)).toEqual([
      "policy.yaml:2:26: error SL1054: the field `partner` of `CreatePartner` cannot be a segment of the path: it is an object",
      "policy.yaml:2:67: error SL1054: the field `partner.parent` of `CreatePartner` cannot be a parameter of the query: it is an object",
      "policy.yaml:3:25: error SL1054: the field `ids` of `FindPartners` cannot be a segment of the path: it has many values",
      "policy.yaml:4:23: error SL1054: the field `fields` of `GetPartner` cannot be a segment of the path: it has many values",
    ]);
  });

  it("a field that comes from two parts, and a capture that is not there", () => {
    const text = `operations:
  CreatePartner:
    rest: PUT /p/{id}
    bind: { body: partner, path: { id: partner.id, ix: partner.id }, query: { id: partner.id, p: partner } }
`;
    expect(messages(text)).toEqual([
      "policy.yaml:4:52: error SL1056: the path of `CreatePartner` has no capture `ix`",
      "policy.yaml:4:83: error SL1055: the field `partner.id` of `CreatePartner` would come from two parts of a request",
      "policy.yaml:4:98: error SL1054: the field `partner` of `CreatePartner` cannot be a parameter of the query: it is an object",
    ]);
  });

  it("a body of a GET", () => {
    const text = `operations:
  FindPartners: { rest: "GET /p", bind: { body: filter } }
  Double: "DELETE /double"
`;
    expect(messages(text)).toEqual([
      "policy.yaml:2:49: error SL1057: requests with GET bring no body, so `bind.body` of `FindPartners` says nothing",
      "policy.yaml:3:11: error SL1060: the input of `Double` is a single value, which a request with DELETE cannot bring",
    ]);
  });

  it("fields that must be there and that nothing brings", () => {
    const text = `operations:
  CreatePartner: "GET /partners"
  GetPartner: { rest: "POST /partners", bind: { body: fields } }
`;
    expect(messages(text)).toEqual([
      "policy.yaml:2:18: error SL1058: no request can bring the field `partner` of `CreatePartner`, which must be there: write `bind: { query: { name: partner.name } }`, or use POST",
      "policy.yaml:3:23: error SL1058: no request can bring the field `id` of `GetPartner`, which must be there: write `bind: { query: { id: id } }`, or let the body be more",
    ]);
    const choice = service(
      [operation("Do", { input: element("Do", "#Do") })],
      [complexType("Do", group("choice", [element("one", "#One"), element("two", "#One")])), complexType("One", [])],
    );
    expect(messages('operations: { Do: "GET /do" }', choice)).toEqual([
      "policy.yaml:1:19: error SL1058: no request can bring one of `one`, `two` of `Do`, which must be there: use POST",
    ]);
  });

  it("only warns of fields that may be absent", () => {
    const { findings, sound } = bind('operations: { FindPartners: "GET /partners" }');
    expect(sound).toBe(true);
    expect(
      findings,
    ).toBe(`policy.yaml:1:29: warning SL1059: no request can bring the field \`filter\` of \`FindPartners\`: with GET it has no place
  1 | operations: { FindPartners: "GET /partners" }
    |                             ^^^^^^^^^^^^^^^
crm.wsdl:1:1: note: the operation is here
  1 | <definitions/>
    | --------------

1 warning
`);
  });

  it("alternatives of a choice that are both in the path", () => {
    const choice = service(
      [operation("Do", { input: element("Do", "#Do") })],
      [complexType("Do", group("choice", [element("one", "int"), element("two", "int")]))],
    );
    expect(messages('operations: { Do: "GET /do/{one}/{two}" }', choice)).toEqual([
      "policy.yaml:1:19: error SL1064: `one` and `two` of `Do` exclude each other, and every request would bring both",
    ]);
  });

  it("answers that cannot be unwrapped, or have no place", () => {
    const text = `operations:
  CreatePartner: { rest: POST /p, unwrap: true, success: 204 }
  Ping: { rest: POST /ping, unwrap: true, success: 204 }
  Double: { rest: POST /double, unwrap: true }
  Notify: { rest: POST /notify, unwrap: true }
`;
    expect(messages(text)).toEqual([
      "policy.yaml:2:43: error SL1061: the answer of `CreatePartner` cannot be unwrapped: it has 2 fields",
      "crm.wsdl:1:1: note: the operation is here",
      "policy.yaml:2:58: error SL1062: `CreatePartner` has an answer, which a status 204 cannot carry",
      "policy.yaml:3:37: error SL1061: the answer of `Ping` cannot be unwrapped: it has no field",
      "crm.wsdl:1:1: note: the operation is here",
      "policy.yaml:3:52: error SL1062: `Ping` has an answer, which a status 204 cannot carry",
      "policy.yaml:4:41: error SL1061: the answer of `Double` cannot be unwrapped: it is a single value already",
      "crm.wsdl:1:1: note: the operation is here",
      "policy.yaml:5:41: error SL1061: the answer of `Notify` cannot be unwrapped: there is no answer with content",
      "crm.wsdl:1:1: note: the operation is here",
    ]);
  });

  it("faults that nothing declares", () => {
    const text = `operations: { Ping: "GET /ping" }
faults: { PartnerNotfound: 404, defualt: 500, Whatever: 500 }
`;
    expect(messages(text)).toEqual([
      "policy.yaml:2:11: error SL1063: no operation of the service declares a fault `PartnerNotfound`; did you mean `PartnerNotFound`?",
      "fix: write `PartnerNotFound`",
      "policy.yaml:2:33: error SL1063: no operation of the service declares a fault `defualt`; did you mean `default`?",
      "fix: write `default`",
      "policy.yaml:2:47: error SL1063: no operation of the service declares a fault `Whatever`; known: PartnerNotFound, Duplicate",
    ]);
  });

  it("more parameters than the module takes", () => {
    const fields = Array.from({ length: 65 }, (_, index) => element(`f${index}`, "string", { min: 0 }));
    const wide = service([operation("Do", { input: element("Do", "#Do") })], [complexType("Do", fields)]);
    expect(messages('operations: { Do: "GET /do" }', wide)).toEqual([
      "policy.yaml:1:19: error SL1066: the module takes at most 64, and `Do` has 65 parameters",
    ]);
  });
});
