import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { packageRoot } from "../../compiler/cli/files.js";
import { request } from "../support/http.js";
import { startUpstream, type Upstream } from "../support/upstream.js";
import type { RunningCli } from "./support/cli.js";
import { until } from "./support/until.js";
import { workplace } from "./support/workplace.js";

// What examples/canary/README.md says of where requests go, with services that say who they are.

const folder = join(packageRoot(), "examples", "canary");
const place = workplace("sluice-canary-", "nobody asks it");
const KEYS = { ACME_KEY: "of-acme", GLOBEX_KEY: "of-globex", INITECH_KEY: "of-initech" };
const TESTER = { "x-api-key": KEYS.ACME_KEY };
const GOLD = { "x-api-key": KEYS.GLOBEX_KEY };
const FREE = { "x-api-key": KEYS.INITECH_KEY };

const held = { timeout: 10_000, interval: 5 };

interface Services {
  blue: Upstream;
  green: Upstream;
  search: Upstream;
  next: Upstream;
}

let services: Services;
let policy = "";
let cli: RunningCli;
let url = "";

beforeEach(async () => {
  const [blue, green, search, next] = await Promise.all([
    startUpstream({ body: "blue" }),
    startUpstream({ body: "green" }),
    startUpstream({ body: "search" }),
    startUpstream({ body: "next" }),
  ]);
  services = { blue, green, search, next };
  policy = [blue, green, search, next].reduce(
    (text, { address }, index) => text.replace(`127.0.0.1:900${index + 1}`, address),
    (await readFile(join(folder, "policy.yaml"), "utf8")).replace("127.0.0.1:8080", "127.0.0.1:0"),
  );
  ({ cli, url } = await place.start(policy, [], { env: KEYS }));
});
afterEach(() => Promise.all(Object.values(services).map((service: Upstream) => service.close())));

/** How many of so many requests each version answered. */
async function answers(path: string, headers: Record<string, string>, count = 20) {
  const found: Record<string, number> = {};
  for (let n = 0; n < count; n++) {
    const { status, text } = await request(`${url}${path}`, { headers });
    const answer = status === 200 ? text : String(status);
    found[answer] = (found[answer] ?? 0) + 1;
  }
  return found;
}

describe("the canary of the example", () => {
  test("gets a share of the requests, and all of some callers and none of others", async () => {
    const { blue = 0, green = 0 } = await answers("/orders/7", FREE, 400);
    expect(blue + green).toBe(400);
    // 5% of 400 are outside of these bounds once in some millions of times.
    expect(green).toBeGreaterThan(2);
    expect(green).toBeLessThan(51);
    expect(await answers("/orders/7", TESTER)).toEqual({ green: 20 });
    expect(await answers("/orders/7", GOLD)).toEqual({ blue: 20 });
  });

  test.each([{ "x-canary": "1" }, { cookie: "a=2; canary=1" }])("is asked by whoever sends %j", async (sent) => {
    expect(await answers("/orders/7", { ...GOLD, ...sent })).toEqual({ green: 20 });
    expect(await answers("/orders/7", sent)).toEqual({ 401: 20 });
    expect(services.green.received).toHaveLength(20);
  });

  test("becomes the version of all by one word, and is it no longer by the same", async () => {
    expect(await answers("/invoices/7", FREE)).toEqual({ blue: 20 });
    // While requests go on: none of them fails.
    const failed: string[] = [];
    const switched = async (to: string, text: string) => {
      const word = place.change(cli, text);
      await until(`${to} to be the version`, async () => {
        const found = await answers("/invoices/7", FREE);
        failed.push(...Object.keys(found).filter((answer) => answer !== "blue" && answer !== "green"));
        return found[to] === 20;
      });
      expect(await word).toMatch(/in force|taken over/);
    };
    await switched("green", policy.replace("active: blue", "active: green"));
    expect(await answers("/orders/7", GOLD)).toEqual({ green: 20 });
    expect(await answers("/orders/7", FREE)).toEqual({ green: 20 });
    await switched("blue", policy);
    expect(await answers("/orders/7", GOLD)).toEqual({ blue: 20 });
    expect(failed).toEqual([]);
  });

  test("gets copies of searches, whose answers nobody sees", async () => {
    const { search, next, green } = services;
    for (let n = 0; n < 400; n++)
      expect((await request(`${url}/search?n=${n}`, { headers: FREE })).text).toBe("search");
    const asked = (service: Upstream) => service.received.map(({ url }) => url);
    expect(asked(search)).toHaveLength(400);
    // Copies may be on their way still. 10% of 400 are outside of these bounds once in some millions of times.
    await vi.waitFor(() => expect(asked(next).length).toBeGreaterThan(12), held);
    expect(asked(next).length).toBeLessThan(75);
    expect(asked(green).length).toBeLessThan(15);
    // Of two shares the requests of the smaller one are among those of the larger one.
    await vi.waitFor(() => expect(asked(next)).toEqual(expect.arrayContaining(asked(green))), held);
    const [copy] = next.received;
    expect(copy?.values("x-consumer")).toEqual(["initech"]);
    expect(copy?.values("x-api-key")).toEqual([]);
    expect(copy?.values("cookie")).toEqual([]);
  });
});
