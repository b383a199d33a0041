import assert from "node:assert/strict";
import { request } from "node:http";
import { consumers, SEEN_PATH } from "../workload.mjs";
import { contextOf, TRACE } from "./workload.mjs";

/**
 * Sends one request to a variant and looks at the context that the upstream sees.
 *
 * @param {{ port: number, form: "w3c" | "b3", traces: boolean, brings: boolean }} setting `traces`: whether the variant is one
 *   with tracing; `brings`: whether clients bring a context
 * @throws AssertionError
 */
export async function checkVariant(name, { port, form, traces, brings }) {
  const { status, headers } = await ask(port, brings ? contextOf(form) : []);
  assert.equal(status, 200, name);
  if (!traces) return;
  const seen = form === "w3c" ? headers["seen-traceparent"]?.split("-")[1] : headers["seen-x-b3-traceid"];
  if (brings) assert.equal(seen, TRACE, `${name}: the trace goes on`);
  else assert.match(seen ?? "", /^[0-9a-f]{32}$/, `${name}: a trace begins`);
}

function ask(port, context) {
  return new Promise((resolve, reject) => {
    const headers = { "x-api-key": consumers[0].key, ...Object.fromEntries(context) };
    const call = request({ host: "127.0.0.1", port, path: SEEN_PATH, headers, agent: false }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers }));
    });
    call.on("error", reject);
    call.end();
  });
}
