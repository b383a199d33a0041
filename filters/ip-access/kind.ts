import { z } from "zod";
import { diagnose } from "../../compiler/diagnostics/diagnostic.js";
import { type Block, parseBlock } from "../../compiler/expression/cidr.js";
import type { AddressPlan } from "../../compiler/plan/native.js";
import { defineKind } from "../../compiler/policy/kind.js";
import { oddBlocks } from "./lint.js";
import { modelOf } from "./model.js";

const block = z.string().transform((text, context): Block => {
  const read = parseBlock(text);
  if (!("reason" in read)) return read;
  const single = read.single === undefined ? "" : `, or ${read.single} for this address alone`;
  const hint = read.instead === undefined ? "" : `; write ${read.instead}${single}`;
  context.addIssue({ code: "custom", message: `${read.reason}${hint}` });
  return z.NEVER;
});

const blocks = z.array(block).min(1).max(256);

const schema = z
  .strictObject({
    allow: blocks
      .optional()
      .describe("Blocks of addresses that may call; everybody else may not. Any address may, if absent.")
      .meta({ examples: [["10.0.0.0/8", "2001:db8::/32"]] }),
    deny: blocks
      .optional()
      .describe("Blocks that may not call, whatever `allow` says.")
      .meta({ examples: [["203.0.113.0/24"]] }),
  })
  .describe("From which addresses a route may be called.");

export const ipAccess = defineKind({
  name: "ipAccess",
  summary: "lets call from some addresses, and not from others",
  schema,
  plan(spec, context) {
    if (spec.allow === undefined && spec.deny === undefined) {
      const isWritten = ["allow", "deny"].some((key) => context.node([key]) !== undefined);
      if (!isWritten) context.report(diagnose("SL0442", { policy: context.policy }, context.place([], "key")));
      return undefined;
    }
    const native: AddressPlan = {
      filter: "rbac",
      ...(spec.allow === undefined ? {} : { allow: spec.allow }),
      deny: spec.deny ?? [],
    };
    for (const finding of oddBlocks(context.policy, native, context.place)) context.report(finding);
    return {
      phase: "ipAccess",
      provides: [],
      requires: [],
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
