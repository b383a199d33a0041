import * as fc from "fast-check";
import type { Value } from "../../compiler/syntax/document.js";
import type { SoapConfig } from "../../filters/soap/module.js";
import { type Mutation, mutationsWith } from "../language/mutation.js";
import { soapConfig } from "./soap-config.js";
import { crm } from "./soap-model.js";
import { soapModels } from "./soap-models.js";

export { mutated } from "../language/mutation.js";

// Configurations of `soap` policies for tests that hold their schema to the module.

/** One with something of everything that a configuration can have. The environment has USER and PASSWORD. */
export function richConfig(): SoapConfig {
  const operations = {
    GetPartner: { rest: "GET /partners/{id}", bind: { query: { fields: "fields" } } },
    CreatePartner: { rest: "PUT /partners/{id}", bind: { body: "partner", path: { id: "partner.id" } }, success: 201 },
    Ping: "GET /ping",
    Notify: "POST /notify",
  };
  const config = soapConfig(crm(), {
    operations,
    security: { user: "env:USER", password: "env:PASSWORD", digest: true, timestampSeconds: 300 },
  });
  const [first, ...others] = config.operations;
  if (first === undefined) throw new Error("there is no operation");
  const addressing = { action: "urn:get", to: "http://crm.example.com/" };
  const rest = { method: "GET", path: ["partners", "*"] };
  const asked = { path: "/services/crm", contentType: "text/xml; charset=utf-8", soapAction: '"urn:GetPartner"' };
  const full = { ...first, rest, service: asked, addressing, unwrap: true, sender: 422, receiver: 503 };
  return { ...config, operations: [full, ...others] };
}

export const ENVIRONMENT = { USER: "sluice", PASSWORD: "p<&>w", EMPTY: "", BINARY: "a\u0001" };

/** Configurations that the module takes. */
export const soapConfigs: fc.Arbitrary<SoapConfig> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(richConfig()) },
  { weight: 2, arbitrary: soapModels.map((model) => soapConfig(model, { operations: { Do: "POST /do" } })) },
);

const VALUES: readonly Value[] = [
  ...[
    "",
    "a",
    "id",
    "partner",
    "@version",
    "$value",
    "a b",
    "a:b",
    "1a",
    "é",
    "-1.50",
    "1e2",
    "x",
    "urn:a",
    "AAAA",
    "A,b",
  ],
  ...["string", "number", "boolean", "integer", "list", "union", "collapse", "sequence", "choice", "all", "hex", "1.2"],
  ...["env:USER", "env:PASSWORD", "env:NONE", "env:", "x".repeat(256), "x".repeat(257), "a\u0001"],
  ...[0, 1, -1, -2, 1.5, 2, 3, 199, 200, 400, 599, 600, 65_535, 65_536, 2 ** 31, true, false, null, [], {}],
  ...[["id"], ["partner", "name"], ["partner", "balance"], [""], [0], ["a", "b"]],
  { group: "sequence", span: 1 },
  { name: "id", simple: 0 },
  { segment: 1, field: ["id"] },
  { field: ["partner"] },
  { method: "GET", path: ["a"] },
  { path: "/a", contentType: "text/xml" },
];

const KEYS: readonly string[] = [
  ...[
    "namespaces",
    "simples",
    "types",
    "operations",
    "security",
    "limits",
    "json",
    "form",
    "space",
    "patterns",
    "values",
  ],
  ...[
    "minLength",
    "maxLength",
    "unit",
    "min",
    "minExclusive",
    "max",
    "totalDigits",
    "fractionDigits",
    "item",
    "members",
  ],
  ...[
    "name",
    "ns",
    "simple",
    "type",
    "nillable",
    "default",
    "fixed",
    "group",
    "span",
    "optional",
    "attributes",
    "text",
  ],
  ...[
    "content",
    "version",
    "pin",
    "input",
    "output",
    "oneWay",
    "body",
    "params",
    "segment",
    "query",
    "field",
    "repeated",
  ],
  ...[
    "unwrap",
    "success",
    "faults",
    "element",
    "status",
    "sender",
    "addressing",
    "user",
    "password",
    "digest",
    "extra",
  ],
  ...["timestampSeconds", "request", "depth", "rest", "service", "method", "path", "contentType", "soapAction"],
];

export const soapChanges: fc.Arbitrary<Mutation[]> = mutationsWith(VALUES, KEYS);

/** Changes of a value of a random model. */
export const valueChanges: fc.Arbitrary<Mutation[]> = mutationsWith(
  ["", "active", "x y", "INF", "1", 0, 1.5, -7, 1e30, 3e9, true, null, [], {}, [1], ["a", "b"], { a: 1 }],
  ["a", "Name", "item-1", "@at0", "@at1", "$value", "unknown", "é", ""],
);

/** What only the module refuses, as JSON Schema cannot say it: the message of the module, and why. */
export const SOAP_BEYOND: readonly (readonly [message: RegExp, why: string])[] = [
  [/: refers to nothing$/, "what a number refers to"],
  [/: stands there already$/, "a namespace twice"],
  [/: has a character that XML cannot have$/, "which texts XML can have"],
  [/: must be an automaton in base64$/, "what base64 holds"],
  [/: must have an item if it is a list, and else none$/, "which keys go together"],
  [/: is a list of lists$/, "what a number refers to"],
  [/: must have members if it is a union, and else none$/, "which keys go together"],
  [/: is a union of what is no plain type$/, "what a number refers to"],
  [/: cannot stand beside text$/, "which keys go together"],
  [/: must have a simple type or a complex one$/, "which keys go together"],
  [/: must occur more often than it may$/, "an order"],
  [/: must occur once$/, "which keys go together"],
  [/: (is no value of its type|has a default or fixed value that is none of its type)$/, "what a number refers to"],
  [/: must begin with a group that spans all the rest$/, "a sum"],
  [/: has a group that goes beyond the group around it$/, "a sum"],
  [/: has two (elements|attributes) of one name$/, "a name twice in a list of objects"],
  [/: has the name of an operation before it$/, "a name twice in a list of objects"],
  [/: must have a segment or a query$/, "which keys go together"],
  [/: has the query of a parameter before it$/, "a name twice in a list of objects"],
  [/: names no member of the input$/, "what a name refers to"],
  [/: lies in what is no object$/, "what a name refers to"],
  [/: leads to what is no simple value$/, "what a name refers to"],
  [/: takes one value only$/, "what a name refers to"],
  [/: is bound twice$/, "names twice in lists of names"],
  [/: has one of `rest` and `service`, and not the other$/, "which keys go together"],
  [/: must have a user and a password, or neither$/, "which keys go together"],
  [/: needs a user and a password$/, "which keys go together"],
  [/: the environment variable /, "the environment"],
  [/: must be an integer$/, "how a number is written: 1.0 is 1 to a schema"],
  [/: is too (long|short)$/, "bytes, where a schema counts characters"],
];
