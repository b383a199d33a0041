import { z } from "zod";
import type { Conversion, Json, MockAnswer, OperationPlan, ServiceMock } from "../../../compiler/plan/plan.js";
import { defineKind } from "../../../compiler/policy/kind.js";
import { parsePath } from "../../../compiler/policy/path.js";

const schema = z.strictObject({
  service: z.string(),
  headers: z.record(z.string(), z.string()).default({}),
  bufferBytes: z.int().default(1_048_576),
  secret: z.string().optional(),
  operations: z.record(z.string(), z.string()),
});

/** A stand-in for a kind that converts, as `body.as` does it: the core must not need to know which kind it is. */
export const envelope = defineKind({
  name: "envelope",
  summary: "puts bodies into envelopes",
  schema,
  plan(spec, { policy, place }) {
    const operations = Object.entries(spec.operations).flatMap(([name, text]): OperationPlan[] => {
      const [method = "", written = ""] = text.split(" ");
      const path = parsePath(written);
      if (typeof path === "string") throw new Error(path);
      return [
        {
          name,
          origin: place(["operations", name]),
          match: { method, path },
          takesBody: method === "POST",
          pin: `${policy}/${name}`,
          service: { path: spec.service, headers: { "content-type": "text/xml", ...spec.headers } },
        },
      ];
    });
    const conversion: Conversion = {
      operations,
      variables: spec.secret === undefined ? [] : [spec.secret],
      bufferBytes: spec.bufferBytes,
      mock,
      openApi: ({ title, version }) => ({ openapi: "3.1.0", info: { title, version }, paths: {} }),
    };
    return {
      phase: "convert",
      provides: [],
      requires: [],
      readsHeaders: [],
      readsNamed: [],
      config: spec.secret === undefined ? {} : { secret: `env:${spec.secret}` },
      conversion,
      removeRequestHeaders: [],
      requestHeaders: [],
      responseHeaders: [],
    };
  },
});

const mock: ServiceMock = {
  check(_operation, answer) {
    if ("fault" in answer) return answer.fault.name === "Missing" ? [] : [{ pointer: "", message: "no such fault" }];
    const { response } = answer;
    if (typeof response !== "object" || response === null) return [{ pointer: "", message: "an answer is an object" }];
    return JSON.stringify(response).includes('"bad"')
      ? [{ pointer: "/list/0/bad", message: "nothing may be bad" }]
      : [];
  },
  read({ body }) {
    const [, operation, input, end] = /^<([A-Za-z]+)>(.*)<\/([A-Za-z]+)>$/s.exec(body) ?? [];
    if (operation === undefined || operation !== end) return undefined;
    const read: Json = JSON.parse(input ?? "");
    return { operation, input: read };
  },
  write: (operation, answer: MockAnswer) => {
    const [tag, value] =
      "fault" in answer
        ? ["Fault", { name: answer.fault.name, detail: answer.fault.detail }]
        : [operation, answer.response];
    return {
      status: "fault" in answer ? 500 : 200,
      headers: { "content-type": "text/xml" },
      body: `<${tag}>${JSON.stringify(value)}</${tag}>`,
    };
  },
};
