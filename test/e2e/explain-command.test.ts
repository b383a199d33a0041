import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { packageRoot } from "../../compiler/cli/files.js";
import { sluice } from "./support/cli.js";

const QUICKSTART = join("examples", "quickstart", "policy.yaml");
const KEYS = { ACME_KEY: "hunter2-acme", GLOBEX_KEY: "hunter2-globex" };

function explain(request: string, more: string[] = [], env: Record<string, string | undefined> = KEYS) {
  return sluice(["explain", "-p", QUICKSTART, "--request", request, ...more], { env, cwd: packageRoot() });
}

const document = z.object({
  route: z.object({ name: z.string(), origin: z.string(), path: z.string() }).optional(),
  policies: z.array(z.object({ policy: z.string(), outcome: z.string(), origin: z.string() }).loose()).optional(),
  decision: z.string().optional(),
  answer: z.object({ status: z.number().optional(), text: z.string() }).loose(),
});

describe("sluice explain --request", () => {
  test("tells which route, which policies and which answer, with places", async () => {
    const { code, stdout, stderr } = await explain("GET /x/../orders/7 x-api-key:hunter2-acme");
    expect([code, stderr]).toEqual([0, ""]);
    for (const part of [
      /^request +GET \/x\/\.\.\/orders\/7, host localhost, from 127\.0\.0\.1$/m,
      /^changed +path: .*: \/orders\/7$/m,
      /^route +orders {2}examples\/quickstart\/policy\.yaml:43:5$/m,
      /1\. partners-only \(authenticate\) {2}\S+:19:5, by defaults {2}\S+:36:21\n +allowed: the key in x-api-key is that of acme$/m,
      /allowed: rule readers allows it\n +true +rule readers: allow request\.method == "GET" {2}\S+:24:35\n +request\.method is "GET"$/m,
      /counted: counts 1 of 100\/second/,
      /^answer +forwarded to orders/m,
      /429 instead once the limit per-partner is used up/,
      /the service gets x-consumer: acme/,
      /^decision +orders-access\/readers allowed rule$/m,
    ])
      expect(stdout).toMatch(part);
  });

  test("gives the same as data", async () => {
    const { code, stdout } = await explain("POST /orders", ["--as", "globex", "--format", "json"]);
    expect(code).toBe(0);
    expect(document.parse(JSON.parse(stdout))).toMatchObject({
      route: { name: "orders", origin: "examples/quickstart/policy.yaml:43:5", path: "/orders" },
      policies: [
        { policy: "partners-only", outcome: "allowed" },
        { policy: "orders-access", outcome: "denied", summary: "rule no-writes-on-free denies it" },
        { policy: "per-partner", outcome: "not-reached" },
      ],
      decision: "orders-access/no-writes-on-free denied rule",
      answer: { status: 403 },
    });
  });

  test.each([
    ["PUT /orders", /^not +orders: takes GET, POST, not PUT {2}\S+:43:5$/m, /^answer +405/m],
    ["GET /orders", /denied: no credential; one is needed in x-api-key/, /^answer +401, by partners-only/m],
    ["GET /Orders", /^not +orders: takes it in small letters/m, /^answer +404/m],
    ["GET /healthz/", /^not +health: takes it without the `\/` at the end/m, /^answer +404/m],
    ["GET /a%2fb", /^listener +public/m, /^answer +400, by the listener: the path has an escaped slash/m],
    ["GET /orders x_y:1", /^listener/m, /^answer +400, by the listener: the header name x_y has an underscore$/m],
    ["GET https://api.example.com/healthz", /host api\.example\.com/, /^answer +200, answered by the route itself$/m],
  ])("%s", async (request, why, answer) => {
    const { code, stdout, stderr } = await explain(request);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(why);
    expect(stdout).toMatch(answer);
  });

  test("says that it cannot know whose key it is where a variable is not set", async () => {
    const { code, stdout } = await explain("GET /orders x-api-key:x", [], { ...KEYS, GLOBEX_KEY: undefined });
    expect(code).toBe(0);
    expect(stdout).toMatch(/not known: whose key is in x-api-key cannot be told, as GLOBEX_KEY is not set here/);
    expect(stdout).toMatch(/^answer +not known, 401 at worst/m);
    expect(stdout).not.toMatch(/^decision/m);
  });

  test.each(["text", "json"])("never prints a key, as %s", async (format) => {
    const asked = [
      explain("GET /orders/7?api_key=hunter2-query x-api-key:hunter2-acme cookie:s=hunter2-cookie", [
        "--format",
        format,
      ]),
      explain("GET /orders x-api-key:hunter2-nobody authorization:hunter2", ["--format", format]),
      explain("GET /orders x-api-key:hunter2-a x-api-key:hunter2-b", ["--format", format]),
      explain("GET /orders", ["-H", "x-api-key: hunter2-acme", "--format", format]),
      explain("GET /orders x-api-key hunter2", ["--format", format]),
    ];
    for (const { stdout, stderr } of await Promise.all(asked)) {
      expect(stdout + stderr).not.toBe("");
      expect(stdout + stderr).not.toContain("hunter2");
    }
  });

  test.each([
    [["--request", "orders"], /has no path after the method: .*\nexample: sluice explain --request/],
    [["--request", "GET /orders", "--as", "acem"], /no consumer is named acem; did you mean acme\?/],
    [["--request", "GET /orders", "--listener", "pubilc"], /no listener is named pubilc; did you mean public\?/],
    [["--request", "GET /orders", "--source", "home"], /--source needs an IP address/],
    [["--request", "GET /orders", "--stage", "plan"], /--request cannot go with --stage/],
    [["orders", "--request", "GET /orders"], /--request cannot go with the subject orders/],
    [["--as", "acme"], /--as needs --request\nexample: /],
    [["--format", "json"], /--format needs --request/],
  ])("%j is a wrong call", async (args, message) => {
    const { code, stdout, stderr } = await sluice(["explain", "-p", QUICKSTART, ...args], { cwd: packageRoot() });
    expect([code, stdout]).toEqual([3, ""]);
    expect(stderr).toMatch(message);
  });
});

test("sluice explain of a route tells what it needs, and what `except` took away", async () => {
  const { stdout } = await sluice(["explain", "-p", QUICKSTART], { cwd: packageRoot() });
  expect(stdout).toMatch(/needs auth\.consumer, auth\.tier from partners-only\n +reads header x-api-key\n/);
  expect(stdout).toMatch(/route health [\s\S]*?no policy\n +without partners-only, a default \(\S+:36:21\)/);
});
