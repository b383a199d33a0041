import { afterEach, beforeEach, expect, test } from "vitest";
import { checkText } from "../../compiler/index.js";
import { EmbeddedServer } from "../../compiler/runtime/embedded/server.js";
import { until } from "../e2e/support/until.js";
import { request } from "../support/http.js";
import { startUpstream, type Upstream } from "../support/upstream.js";
import { wat } from "./support/wat.js";

// What a served request gets where the module fails, or does what the embedded host does not model: modules that do so.

let upstream: Upstream;
let server: EmbeddedServer | undefined;
beforeEach(async () => {
  upstream = await startUpstream({ body: "served" });
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  await upstream.close();
});

/** A module in which a request with more than 20 headers comes to `then`. */
function guard(then: string): Uint8Array {
  return wat(`(import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (if (i32.gt_u (local.get 1) (i32.const 20)) (then ${then}))
      (i32.const 0))`);
}

async function serve(module: Uint8Array): Promise<{ url: string; reports: string[] }> {
  const { plan } = checkText(
    "policy.yaml",
    [
      "apiVersion: sluice/v1",
      "kind: Gateway",
      "name: shop",
      "listeners: { public: { address: 127.0.0.1:0 } }",
      `services: { one: { endpoints: ["${upstream.address}"] } }`,
      "routes: [{ name: all, match: { path: /** }, to: one }]",
      "",
    ].join("\n"),
  );
  if (plan === undefined) throw new Error("the policy has an error");
  const reports: string[] = [];
  server = await EmbeddedServer.start(
    { plan, environment: {} },
    { modules: { guard: module }, report: (line) => void reports.push(line) },
  );
  return { url: `http://127.0.0.1:${server.listeners()[0]?.port}`, reports };
}

const MANY = Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`x-${index}`, "1"]));

test.each([
  ["traps", "(unreachable)", /^the guard failed: proxy_on_request_headers: /],
  [
    "calls what its capabilities do not list",
    "(drop (call $continue (i32.const 0)))",
    /^GET \/bad: answered 503, as the embedded host cannot vouch for it: .*proxy_continue_stream/,
  ],
  [
    "holds the request",
    "(return (i32.const 1))",
    /^GET \/bad: answered 503, as the embedded host cannot vouch for it: the guard holds a request of route all$/,
  ],
])("a module that %s: 503, a report, nothing for the service, and soon a new VM", async (_, then, says) => {
  const { url, reports } = await serve(guard(then));
  expect(await request(`${url}/good`)).toMatchObject({ status: 200, text: "served" });
  expect(await request(`${url}/bad`, { headers: MANY })).toMatchObject({ status: 503, text: "" });
  expect(reports).toEqual([expect.stringMatching(says)]);
  expect(upstream.received.map(({ url: path }) => path)).toEqual(["/good"]);
  await until("a new VM", async () => (await request(`${url}/good`)).status === 200);
  expect(reports).toHaveLength(1);
});

test("a module that refuses another configuration leaves the one before in force", async () => {
  const refusing = wat(`(import "env" "proxy_get_buffer_bytes" (func (param i32 i32 i32 i32 i32) (result i32)))
    (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.lt_u (local.get 1) (i32.const 400)))`);
  const { url } = await serve(refusing);
  const more = Array.from(
    { length: 40 },
    (_, index) => `{ name: r${index}, match: { path: /r${index} }, respond: { status: 204 } }`,
  );
  const { plan } = checkText(
    "policy.yaml",
    `apiVersion: sluice/v1\nkind: Gateway\nname: shop\nlisteners: { public: { address: 127.0.0.1:0 } }\nroutes: [${more.join(", ")}]\n`,
  );
  if (plan === undefined) throw new Error("the policy has an error");
  expect(await server?.replace({ plan, environment: {} })).toEqual({
    kind: "refused",
    reason: "guard.wasm refuses its configuration: its log says why",
  });
  expect(await request(`${url}/any`)).toMatchObject({ status: 200, text: "served" });
});
