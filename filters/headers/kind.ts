import { z } from "zod";
import { diagnose } from "../../compiler/diagnostics/diagnostic.js";
import type { HeaderEdits, HeadersPlan } from "../../compiler/plan/native.js";
import { defineKind, type PolicyContext } from "../../compiler/policy/kind.js";
import { headerName, headerValue } from "../../compiler/policy/values.js";
import { modelOf } from "./model.js";
import { whyNot } from "./names.js";

const ATTRIBUTES = ["auth.consumer", "auth.tier", "auth.groups"] as const;

const attribute = z
  .strictObject({
    attribute: z.enum(ATTRIBUTES).describe("What was found out about the caller; no header if that is unknown."),
  })
  .describe("A value that differs by request.");

const edits = z.strictObject({
  remove: z
    .array(headerName)
    .max(64)
    .default([])
    .describe("Headers that are taken away, before others are written.")
    .meta({ examples: [["x-debug"]] }),
  set: z
    .record(headerName, z.union([headerValue, attribute]).describe("A text, or an attribute of the caller."))
    .default({})
    .describe("Headers with their values, in place of what is there.")
    .meta({ examples: [{ "x-frame-options": "DENY" }] }),
  add: z
    .record(headerName, headerValue.describe("A text."))
    .default({})
    .describe("Headers with their values, beside what is there.")
    .meta({ examples: [{ "cache-control": "no-transform" }] }),
});

const schema = z
  .strictObject({
    request: edits.optional().describe("Of requests as services get them."),
    response: edits.optional().describe("Of answers as clients get them."),
  })
  .describe("Headers that are set, added and removed.");

type Edits = z.output<typeof edits>;

export const headers = defineKind({
  name: "headers",
  summary: "sets, adds and removes headers of requests and answers",
  schema,
  plan(spec, context) {
    const sides = (["request", "response"] as const).map((side) => sound(spec[side], side, context));
    if (sides.includes(false)) return undefined;
    const isEmpty = (["remove", "set", "add"] as const).every((change) =>
      [spec.request, spec.response].every((side) => Object.keys(side?.[change] ?? {}).length === 0),
    );
    const isWritten = ["request", "response"].some((side) =>
      ["remove", "set", "add"].some((change) => context.node([side, change]) !== undefined),
    );
    if (isEmpty && !isWritten) {
      context.report(diagnose("SL0445", { policy: context.policy }, context.place([], "key")));
      return undefined;
    }
    const native: HeadersPlan = {
      filter: "router",
      request: planned(spec.request),
      response: planned(spec.response),
    };
    return {
      phase: "headers",
      provides: [],
      requires: (["request", "response"] as const).flatMap((side) =>
        Object.entries(spec[side]?.set ?? {}).flatMap(([name, value]) =>
          typeof value === "string"
            ? []
            : [{ attribute: value.attribute, origin: context.place([side, "set", name, "attribute"]) }],
        ),
      ),
      readsHeaders: [],
      readsNamed: [],
      config: {},
      native,
      removeRequestHeaders: [],
      requestHeaders: [],
      responseHeaders: [],
      decide: modelOf(native),
    };
  },
});

/** Reports what may not be changed, or is changed in two ways. */
function sound(edits: Edits | undefined, side: "request" | "response", context: PolicyContext): boolean {
  const named = [
    ...(edits?.remove ?? []).map((name, index) => ({ name, change: "remove" as const, path: [side, "remove", index] })),
    ...Object.keys(edits?.set ?? {}).map((name) => ({ name, change: "set" as const, path: [side, "set", name] })),
    ...Object.keys(edits?.add ?? {}).map((name) => ({ name, change: "add" as const, path: [side, "add", name] })),
  ];
  let isSound = true;
  for (const [index, { name, change, path }] of named.entries()) {
    const span = context.place(path, change === "remove" ? "value" : "key");
    const reason = whyNot(name, side, change);
    const before = named.slice(0, index).find((other) => other.name === name);
    if (reason !== undefined) context.report(diagnose("SL0443", { header: name, reason }, span));
    // What is removed and then added has one value in the end.
    else if (before !== undefined && !(before.change === "remove" && change === "add")) {
      const first = context.place(before.path, before.change === "remove" ? "value" : "key");
      const related = [{ message: "it is named here first", span: first }];
      context.report(diagnose("SL0444", { header: name, side }, span, { related }));
    } else continue;
    isSound = false;
  }
  return isSound;
}

function planned(edits: Edits | undefined): HeaderEdits {
  const { remove = [], set = {}, add = {} } = edits ?? {};
  return {
    remove,
    set: Object.entries(set).map(([name, value]) => ({
      name,
      value: typeof value === "string" ? value : { property: value.attribute.slice("auth.".length) },
    })),
    add: Object.entries(add).map(([name, value]) => ({ name, value })),
  };
}
