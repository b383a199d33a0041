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
  return { ...config, operations: [{ ...first, addressing, unwrap: true, sender: 422, receiver: 503 }, ...others] };
}

export const ENVIRONMENT = { USER: "sluice", PASSWORD: "p<&>w", EMPTY: "", BINARY: "a\u0001" };

/** Configurations that the module takes. */
export const soapConfigs: fc.Arbitrary<SoapConfig> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(richConfig()) },
  { weight: 2, arbitrary: soapModels.map((model) => soapConfig(model, { operations: { Do: "POST /do" } })) },
);

/** Configurations of a module of the body stage: one on its own is told of each operation how it is asked for. */
export function bodyDocuments(isAlone: boolean): fc.Arbitrary<Value> {
  const config = fc
    .tuple(soapConfigs, fc.boolean())
    .map(([soap, isTold]) => (isAlone || isTold ? soap : { ...soap, operations: soap.operations.map(untold) }));
  return fc
    .uniqueArray(fc.tuple(fc.constantFrom("crm", "a", "x-1"), config), { minLength: 1, selector: ([name]) => name })
    .map(
      (all): Value => JSON.parse(JSON.stringify({ version: 1, policies: all.map(([name, soap]) => ({ name, soap })) })),
    );
}

/** As routes of Envoy's tell it. */
function untold({ rest, service, ...operation }: SoapConfig["operations"][number]): SoapConfig["operations"][number] {
  return operation;
}

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
  ...["GET", "get", "/", "/a b", "text/xml", "*", "x".repeat(1024), "x".repeat(1025)],
  ...[["a", "*"], [], [""]],
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
