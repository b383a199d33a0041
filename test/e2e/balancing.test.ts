import { describe, expect, test, vi } from "vitest";
import type { Script } from "../support/upstream.js";
import { asked, behind, gate, held, order, sent, statuses, times } from "./support/behind.js";
import type { Gateway } from "./support/serve.js";
import { until } from "./support/until.js";

const HEALTH = "health: { path: /healthz, interval: 50ms, unhealthyAfter: 1 }, panic: 0%";
const sick: Script = ({ url }) => (url === "/healthz" ? { status: 503 } : {});

describe("loadBalancing", () => {
  test.each(["", "loadBalancing: roundRobin"])("%j: each in turn", async (service) => {
    const { gateway, endpoints } = await behind([{}, {}, {}], { service });
    const turns = await order(gateway, endpoints, 30);
    expect(new Set(turns.slice(0, 3)).size).toBe(3);
    expect(turns).toEqual(turns.map((_, index) => turns[index % 3]));
  });

  test("random: any of them", async () => {
    const { gateway, endpoints } = await behind([{}, {}], { service: "loadBalancing: random" });
    const chosen = await order(gateway, endpoints, 200);
    // Outside of these bounds once in some millions of times, and never in turn.
    const first = chosen.filter((index) => index === 0).length;
    expect(first).toBeGreaterThan(63);
    expect(first).toBeLessThan(137);
    const again = chosen.filter((index, position) => index === chosen[position - 1]).length;
    expect(again).toBeGreaterThan(63);
    expect(again).toBeLessThan(137);
  });

  test("leastRequest: the endpoint that has a request under way gets fewer", async () => {
    const busy = gate();
    const { gateway, endpoints } = await behind([busy.script, busy.script], {
      service: "loadBalancing: leastRequest, slowStart: 1s",
    });
    const first = gateway.send("/");
    await vi.waitFor(() => expect(sent(endpoints)).toBe(1), held);
    const other = endpoints.find((endpoint) => asked(endpoint) === 0);
    for (const endpoint of endpoints) endpoint.reply({});
    // Of two endpoints drawn at random, perhaps the same twice: three of four requests go to the idle one.
    expect(await statuses(gateway, 200)).toEqual(times(200, 200));
    expect(asked(other)).toBeGreaterThan(120);
    busy.open();
    await first;
  });

  const sources: [key: string, ask: (gateway: Gateway, value: string) => Promise<unknown>][] = [
    ["{ header: x-tenant }", (gateway, value) => gateway.send("/", { headers: { "x-tenant": value } })],
    ["{ cookie: tenant }", (gateway, value) => gateway.send("/", { headers: { cookie: `a=1; tenant=${value}` } })],
    ["[{ query: tenant }, { source: ip }]", (gateway, value) => gateway.send(`/?tenant=${value}`)],
  ];
  describe.each(["maglev", "ringHash"])("%s", (policy) => {
    test.each(sources)("by %s: one key, one endpoint", async (key, ask) => {
      const { gateway, endpoints } = await behind([{}, {}, {}], {
        service: `loadBalancing: ${policy}`,
        route: `hashBy: ${key}`,
      });
      const chosen = new Set<number>();
      // So many that each endpoint surely has some of them, wherever its port puts it on the ring.
      for (let tenant = 0; tenant < 60; tenant++) {
        const before = endpoints.map(asked);
        for (let n = 0; n < 4; n++) await ask(gateway, `tenant-${tenant}`);
        const got = endpoints.map((endpoint, index) => asked(endpoint) - (before[index] ?? 0));
        expect(got.toSorted()).toEqual([0, 0, 4]);
        chosen.add(got.indexOf(4));
      }
      expect(chosen.size).toBe(3);
    });
  });
});

describe("slowStart", () => {
  const WINDOW_MS = 3_000;

  test.each(["roundRobin", "leastRequest"])(
    "%s: an endpoint that is well again gets its share little by little",
    async (policy) => {
      const { gateway, endpoints } = await behind([{}, sick], {
        service: `loadBalancing: ${policy}, slowStart: ${WINDOW_MS}ms, ${HEALTH}`,
      });
      // While the first one is new itself, its share rises too.
      const isFull = Date.now() + WINDOW_MS;
      await until("the first to have its full share", async () => {
        expect(new Set(await order(gateway, endpoints, 5))).toEqual(new Set([0]));
        return Date.now() > isFull;
      });
      endpoints[1]?.reply({});
      await vi.waitFor(async () => expect(await order(gateway, endpoints, 1)).toEqual([1]), held);
      // A tenth of the other's weight to begin with.
      const early = (await order(gateway, endpoints, 30)).filter((index) => index === 1).length;
      expect(early).toBeLessThan(10);
      await vi.waitFor(async () => {
        const late = (await order(gateway, endpoints, 40)).filter((index) => index === 1).length;
        expect(late).toBeGreaterThan(13);
      }, held);
    },
  );
});
