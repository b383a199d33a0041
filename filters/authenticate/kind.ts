import { z } from "zod";
import { diagnose } from "../../compiler/diagnostics/diagnostic.js";
import { defineKind } from "../../compiler/policy/kind.js";
import { headerName } from "../../compiler/policy/values.js";
import { removal, removeItem } from "../../compiler/syntax/edits.js";
import { lintOf } from "./lint.js";
import { modelOf } from "./model.js";
import { inModule } from "./module.js";

/** Names that a credential cannot have: they belong to the connection, to Envoy or to identity itself. */
const NOT_A_CREDENTIAL =
  /^(host|connection|content-length|content-type|transfer-encoding|te|upgrade|x-consumer(-tier|-groups)?|x-forwarded-.*|x-envoy-.*|x-request-id)$/;

const method = z.strictObject({
  apiKey: z
    .strictObject({
      header: headerName.describe("Request header that carries the key.").meta({ examples: ["x-api-key"] }),
    })
    .describe("A key in a header, compared by its SHA-256."),
});

const schema = z
  .strictObject({
    anyOf: z
      .array(method)
      .min(1)
      .max(8)
      .describe("The method whose credential is present decides; a bad one is refused, and so are two at once."),
    optional: z
      .boolean()
      .default(false)
      .describe("Lets requests without any credential pass as anonymous; never those with a bad one."),
    forward: z.boolean().default(false).describe("Passes the credential on to the service."),
  })
  .describe("Who calls.");

/** Attributes that a chain has once somebody is authenticated. */
const PROVIDES = ["auth.consumer", "auth.tier", "auth.groups", "auth.method"];
/** Those that each of them has; not everybody has a tier. */
const GUARANTEES = ["auth.consumer", "auth.groups", "auth.method"];

export const authenticate = defineKind({
  name: "authenticate",
  summary: "finds out who calls, or answers 401",
  schema,
  inModule,
  ownedRequestHeaders: ["x-consumer", "x-consumer-groups", "x-consumer-tier"],
  plan(spec, context) {
    const headers = spec.anyOf.map(({ apiKey }) => apiKey.header);
    let sound = true;
    for (const [index, header] of headers.entries()) {
      const span = context.place(["anyOf", index, "apiKey", "header"]);
      if (NOT_A_CREDENTIAL.test(header)) {
        context.report(diagnose("SL0410", { header }, span));
        sound = false;
      }
      const first = headers.indexOf(header);
      if (first !== index) {
        const related = [{ message: "first named here", span: context.place(["anyOf", first, "apiKey", "header"]) }];
        const list = context.node(["anyOf"]);
        const edits = list?.kind === "list" ? removeItem(list, index) : undefined;
        context.report(
          diagnose("SL0411", { header }, span, { related, ...removal("remove the second method", true, edits) }),
        );
        sound = false;
      }
    }
    if (!Object.values(context.gateway.consumers).some((consumer) => consumer.credentials.length > 0)) {
      context.report(diagnose("SL0412", { policy: context.policy }, context.place([], "key")));
      sound = false;
    }
    if (!sound) return undefined;
    return {
      phase: "authenticate",
      provides: PROVIDES,
      ...(spec.optional ? {} : { guarantees: GUARANTEES }),
      requires: [],
      readsHeaders: headers,
      readsNamed: [],
      config: {
        realm: context.gateway.name,
        anyOf: headers.map((header) => ({ apiKey: { header } })),
        optional: spec.optional,
      },
      removeRequestHeaders: spec.forward ? [] : headers,
      requestHeaders: [
        { name: "x-consumer", property: "consumer" },
        { name: "x-consumer-groups", property: "groups" },
        { name: "x-consumer-tier", property: "tier" },
      ],
      responseHeaders: [],
      decide: modelOf(headers, spec.optional),
      lint: lintOf(spec.optional, context),
    };
  },
});
