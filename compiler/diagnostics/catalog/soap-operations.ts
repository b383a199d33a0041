import type { Section } from "./entry.js";

/** SL1050 to SL1079: how the operations of a SOAP service are bound to requests. */
export const soapOperations = {
  SL1050: {
    severity: "error",
    message: "`operations` names no operation, so nothing can be called",
    help: `Clients can call the operations that the policy names, and no other.

    crm: { soap: { wsdl: crm.wsdl, operations: {} } }                                        # SL1050
    crm: { soap: { wsdl: crm.wsdl, operations: { GetPartner: "GET /partners/{id}" } } }

\`sluice import wsdl crm.wsdl\` writes a policy with all of them.`,
  },
  SL1051: {
    severity: "error",
    fix: "suggested",
    message: "the service `{service}` has no operation `{operation}`{hint}",
    help: `The names under \`operations\` are those of \`wsdl:operation\` in the port type.

    operations: { getpartner: "GET /partners/{id}" }      # SL1051: letter case counts
    operations: { GetPartner: "GET /partners/{id}" }`,
  },
  SL1052: {
    severity: "error",
    message: "`{operation}` is a second operation for `{asked}`",
    help: `A request asks for one operation. The names of captures make no difference.

    operations: { GetPartner: "GET /partners/{id}", FindPartner: "GET /partners/{name}" }     # SL1052
    operations: { GetPartner: "GET /partners/{id}", FindPartner: "GET /partners" }`,
  },
  SL1053: {
    severity: "error",
    message: "what is bound of `{operation}` is no field: {reason}",
    help: `A field is named by its path in the input: names of elements with dots between them, \`@name\` for an attribute, \`$value\` for the text of an element with
attributes. A path does not lead through an array. A capture without a word about it in \`bind.path\` is the top field of the same name, letter case aside.

    GetPartner: "GET /partners/{key}"                                              # SL1053: there is no field \`key\`
    GetPartner: { rest: "GET /partners/{key}", bind: { path: { key: partnerId } } }`,
  },
  SL1054: {
    severity: "error",
    message: "the field `{field}` of `{operation}` cannot be {where}: it {reason}",
    help: `A segment of the path is one text, and so is the value of a parameter; a parameter can stand several times, for an array of texts. An object or an
array of objects comes by the body.

    FindPartners: { rest: "GET /partners/{ids}" }                        # SL1054: \`ids\` is an array
    FindPartners: { rest: "GET /partners", bind: { query: { id: ids } } }  # /partners?id=1&id=2`,
  },
  SL1055: {
    severity: "error",
    message: "the field `{field}` of `{operation}` would come from two parts of a request",
    help: `One value would be lost. A field is in the path, in the query, or in the body.

    bind: { path: { id: partner.id }, query: { id: partner.id } }      # SL1055
    bind: { path: { id: partner.id } }`,
  },
  SL1056: {
    severity: "error",
    message: "the path of `{operation}` has no capture `{name}`{hint}",
    help: `\`bind.path\` says which fields the captures of the path are.

    GetPartner: { rest: "GET /partners/{id}", bind: { path: { key: partnerId } } }      # SL1056
    GetPartner: { rest: "GET /partners/{id}", bind: { path: { id: partnerId } } }`,
  },
  SL1057: {
    severity: "error",
    message: "requests with {method} bring no body, so `bind.body` of `{operation}` says nothing",
    help: `GET, HEAD and DELETE have no body; what is not in the path is in the query. Use POST, PUT or PATCH for an operation whose input is more than that.`,
  },
  SL1058: {
    severity: "error",
    message: "no request can bring {fields} of `{operation}`, which must be there: {how}",
    help: `The schema of the service wants the field, and it is neither in the path, nor in the query, nor under the body. Of GET, HEAD and DELETE all top fields with
a simple type are parameters of the query by themselves, and objects are not. Of POST, PUT and PATCH the body is all that is no parameter, or the field that \`bind.body\` names.

    FindPartners: "GET /partners"                                                      # SL1058: \`filter\` is an object
    FindPartners: { rest: "GET /partners", bind: { query: { name: filter.name } } }
    FindPartners: "POST /find-partners"`,
  },
  SL1059: {
    severity: "warning",
    message: "no request can bring the field `{field}` of `{operation}`: with {method} it has no place",
    help: `The field may be absent, so the operation works without it, and clients cannot give it. Bind fields of it to parameters, or use a method with a body.

    FindPartners: "GET /partners"                                                      # SL1059: \`filter\` is an object
    FindPartners: { rest: "GET /partners", bind: { query: { name: filter.name } } }`,
  },
  SL1060: {
    severity: "error",
    message: "the input of `{operation}` is a single value, which a request with {method} cannot bring",
    help: `The message of the operation is one element with a simple type, so it has no fields. The value is the body: use POST, PUT or PATCH.`,
  },
  SL1061: {
    severity: "error",
    message: "the answer of `{operation}` cannot be unwrapped: {reason}",
    help: `\`unwrap: true\` makes the value of the only field of the output the answer. That says all only if the output has one field, and no attribute. If the
field is absent, the answer is null. Without the key, an answer is unwrapped where that can be, unless the field may be both absent and null.`,
  },
  SL1062: {
    severity: "error",
    message: "`{operation}` has an answer, which a status {status} cannot carry",
    help: `204 and 205 have no body (RFC 9110, sections 15.3.5 and 15.3.6). Use 200 or 201.`,
  },
  SL1063: {
    severity: "error",
    fix: "suggested",
    message: "no operation of the service declares a fault `{fault}`{hint}",
    help: `The names under \`faults\` are those of \`wsdl:fault\` in the port type; \`default\` is the status of all faults that are not named.

    faults: { NotFound: 404 }                        # SL1063: the WSDL says PartnerNotFound
    faults: { PartnerNotFound: 404, default: 502 }`,
  },
  SL1064: {
    severity: "error",
    message: "`{one}` and `{other}` of `{operation}` exclude each other, and every request would bring both",
    help: `The schema has a choice between the two fields, and both are captures of the path. Bind one of them, or use two parameters of the query, of which clients give one.`,
  },
  SL1065: {
    severity: "error",
    message: "values of `{type}` cannot be checked: {reason}",
    help: `The gateway holds values to the patterns of the schema, by automata that are made when the policy is compiled. A pattern can need more states than the module takes, such as
\`(a|b)*a(a|b){12}\`, and types of lists and unions can be nested deeper than it knows. Change the schema that the gateway reads, such as by a simpler pattern: what is left out there, the service still checks.`,
  },
  SL1066: {
    severity: "error",
    message: "the module takes at most {limit}, and {what} has {count}",
    help: `The tables of the module have bounds. Split the operations over several policies, or leave out what no client needs.`,
  },
  SL1080: {
    severity: "error",
    message: "a `soap` policy has either `wsdl` or `fields`; `{policy}` {said}",
    help: `The messages of the service are described by its WSDL, or for a small service in the policy itself.

    soap: { wsdl: ./crm.wsdl, operations: { GetPartner: "GET /partners/{id}" } }

    soap:
      fields: { namespace: urn:crm, path: /crm, operations: { GetPartner: { action: urn:crm#Get, request: { id: integer }, response: { name: string } } } }
      operations: { GetPartner: "GET /partners/{id}" }`,
  },
} as const satisfies Section<"10">;
