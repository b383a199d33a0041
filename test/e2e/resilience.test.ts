import { afterEach, describe, expect, test, vi } from "vitest";
import { type Script, type ScriptedReply, startUpstream, type Upstream } from "../support/upstream.js";
import { type Gateway, serve } from "./support/serve.js";

const clean: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const one of clean.splice(0).toReversed()) await one();
});

/** A service with a stand-in for each script, behind a policy with these keys of its own and of its one route. */
async function behind(
  scripts: readonly Script[],
  keys: { service?: string; route?: string },
): Promise<{ gateway: Gateway; endpoints: Upstream[] }> {
  const endpoints = await Promise.all(scripts.map((script) => startUpstream(script)));
  clean.push(() => Promise.all(endpoints.map((endpoint) => endpoint.close())));
  const addresses = endpoints.map(({ address }) => address).join(", ");
  const gateway = await serve(
    `apiVersion: sluice/v1
kind: Gateway
name: resilience
listeners: { public: { address: 127.0.0.1:8080 } }
services:
  api: { endpoints: [${addresses}], ${keys.service ?? ""} }
routes:
  - { name: all, match: { path: /** }, to: api, ${keys.route ?? ""} }
`,
    { ownServices: true },
  );
  clean.push(() => gateway.stop());
  return { gateway, endpoints };
}

/** What came of requests, checks of health left out. */
function asked(endpoint: Upstream | undefined): number {
  return (endpoint?.received ?? []).filter(({ url }) => url !== "/healthz").length;
}

function sent(endpoints: readonly Upstream[]): number {
  return endpoints.reduce((sum, endpoint) => sum + asked(endpoint), 0);
}

async function statuses(gateway: Gateway, count: number): Promise<number[]> {
  const found: number[] = [];
  for (let n = 0; n < count; n++) found.push((await gateway.send(`/${n}`)).status);
  return found;
}

const times = (count: number, value: number) => Array.from({ length: count }, () => value);

/** A reply that waits until it is let go. */
function gate(reply: ScriptedReply = {}) {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { script: () => opened.then(() => reply), open: () => open() };
}

const held = { timeout: 10_000, interval: 5 };

describe("retry", () => {
  test("a status that is named sends the request to the other endpoint, and no oftener than said", async () => {
    const { gateway, endpoints } = await behind([{ status: 503 }, {}], { route: "retry: { attempts: 2, on: [503] }" });
    const [bad, good] = endpoints;
    expect(await statuses(gateway, 20)).toEqual(times(20, 200));
    // Which is asked first is the balancer's choice; none is asked twice for one request.
    expect(asked(good)).toBe(20);
    expect(asked(bad)).toBeGreaterThanOrEqual(10);
    expect(new Set(bad?.received.map(({ url }) => url)).size).toBe(asked(bad));

    good?.reply({ status: 503 });
    const before = sent(endpoints);
    expect((await gateway.send("/")).status).toBe(503);
    expect(sent(endpoints) - before).toBe(3);
  });

  test("a status that is not named is the answer", async () => {
    const { gateway, endpoints } = await behind([{ status: 500 }], { route: "retry: { attempts: 2, on: [503] }" });
    expect((await gateway.send("/")).status).toBe(500);
    expect(sent(endpoints)).toBe(1);
  });

  test("with otherHosts a retry leaves the endpoint that a hash leads to", async () => {
    const failed = async (otherHosts: boolean) => {
      const { gateway } = await behind([{ status: 503 }, {}], {
        service: "loadBalancing: maglev",
        route: `hashBy: { query: tenant }, retry: { attempts: 1, on: [503], otherHosts: ${otherHosts} }`,
      });
      let count = 0;
      for (let tenant = 0; tenant < 20; tenant++)
        if ((await gateway.send(`/?tenant=${tenant}`)).status === 503) count++;
      return count;
    };
    expect(await failed(false)).toBeGreaterThan(0);
    // Envoy chooses again five times, so that by chance one may meet the same endpoint each time.
    expect(await failed(true)).toBeLessThan(4);
  });

  test("an endpoint that is not there costs no request", async () => {
    const { gateway, endpoints } = await behind([{}, {}], { route: "retry: { on: [connect-failure] }" });
    await endpoints[0]?.close();
    expect(await statuses(gateway, 10)).toEqual(times(10, 200));
  });

  test("a try that takes too long is tried elsewhere, and the service is told how long it has", async () => {
    const { gateway, endpoints } = await behind([gate().script, {}], {
      route: "timeout: 8s, retry: { attempts: 1, on: [connect-failure], perTry: 100ms, backoff: { base: 1ms } }",
    });
    expect(await statuses(gateway, 6)).toEqual(times(6, 200));
    const [slow, quick] = endpoints;
    expect(asked(quick)).toBe(6);
    expect(asked(slow)).toBeGreaterThanOrEqual(3);
    expect(asked(slow)).toBeLessThanOrEqual(6);
    expect(slow?.received[0]?.values("x-envoy-expected-rq-timeout-ms")).toEqual(["100"]);
  });

  test("a budget bounds the retries of requests that fail together", async () => {
    const together = gate({ status: 503 });
    const { gateway, endpoints } = await behind([together.script], {
      route: "retry: { attempts: 1, on: [503], budget: 20% }",
    });
    const all = Array.from({ length: 10 }, () => gateway.send("/"));
    await vi.waitFor(() => expect(sent(endpoints)).toBe(10), held);
    const second = gate({ status: 503 });
    endpoints[0]?.reply(second.script);
    together.open();
    await Promise.race(all);
    await vi.waitFor(() => expect(sent(endpoints)).toBe(13), held);
    second.open();
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual(times(10, 503));
    expect(sent(endpoints)).toBe(13);
  });
});

test("idleTimeout: a service that is silent is given up before its time is over", async () => {
  const { gateway } = await behind([gate().script], { route: "timeout: 9s, idleTimeout: 100ms" });
  expect(await gateway.send("/")).toMatchObject({ status: 504, text: "stream timeout" });
});

describe("health", () => {
  const HEALTH = "health: { path: /healthz, interval: 50ms, unhealthyAfter: 1 }";
  const sick: Script = ({ url }) => (url === "/healthz" ? { status: 503 } : {});

  test("an endpoint that fails its check gets no requests, and gets them again once it is well", async () => {
    const { gateway, endpoints } = await behind([sick, {}], { service: `${HEALTH}, panic: 0%` });
    expect(await statuses(gateway, 10)).toEqual(times(10, 200));
    expect(endpoints.map(asked)).toEqual([0, 10]);
    endpoints[0]?.reply({});
    await vi.waitFor(async () => {
      await gateway.send("/");
      expect(asked(endpoints[0])).toBeGreaterThan(0);
    }, held);
  });

  test("with panic at 0% nobody is asked where nobody is well; else all are", async () => {
    const strict = await behind([sick, sick], { service: `${HEALTH}, panic: 0%` });
    expect(await strict.gateway.send("/")).toMatchObject({ status: 503, text: "no healthy upstream" });
    expect(sent(strict.endpoints)).toBe(0);
    const usual = await behind([sick, sick], { service: HEALTH });
    expect((await usual.gateway.send("/")).status).toBe(200);
  });

  test("other statuses and another host", async () => {
    const { gateway, endpoints } = await behind([({ url }) => (url === "/healthz" ? { status: 204 } : {})], {
      service: "health: { path: /healthz, statuses: [204], host: api.internal, interval: 50ms }, panic: 0%",
    });
    expect((await gateway.send("/")).status).toBe(200);
    expect(endpoints[0]?.received[0]?.values("host")).toEqual(["api.internal"]);
  });

  test("tcp: an endpoint that takes no connections gets no requests until it does", async () => {
    const { gateway, endpoints } = await behind([{}, {}], {
      service: "health: { tcp: true, interval: 50ms, unhealthyAfter: 1 }, panic: 0%",
    });
    const [first] = endpoints;
    if (first === undefined) throw new Error("there is no endpoint");
    await first.close();
    await vi.waitFor(async () => expect(await statuses(gateway, 4)).toEqual(times(4, 200)), held);
    const again = await startUpstream({}, first.port);
    clean.push(() => again.close());
    await vi.waitFor(async () => {
      await gateway.send("/");
      expect(asked(again)).toBeGreaterThan(0);
    }, held);
  });
});

describe("outliers", () => {
  /** The worker tells the main thread, which leaves the endpoint out: some requests later on a busy machine. */
  const leftOut = (gateway: Gateway) =>
    vi.waitFor(async () => expect(await statuses(gateway, 6)).toEqual(times(6, 200)), held);

  test("an endpoint that fails requests is left out, and comes back", async () => {
    const { gateway, endpoints } = await behind([{ status: 500 }, {}], {
      service: "outliers: { consecutive5xxErrors: 2, interval: 100ms, baseEjectionTime: 2s }",
    });
    expect((await statuses(gateway, 4)).toSorted()).toEqual([200, 200, 500, 500]);
    await leftOut(gateway);
    const before = asked(endpoints[0]);
    endpoints[0]?.reply({});
    await vi.waitFor(async () => {
      await gateway.send("/");
      expect(asked(endpoints[0])).toBeGreaterThan(before);
    }, held);
  });

  test("nobody is left out where one is more than the share that may be", async () => {
    const alone = await behind([{ status: 500 }], { service: "outliers: { consecutive5xxErrors: 1 }, panic: 0%" });
    expect(await statuses(alone.gateway, 5)).toEqual(times(5, 500));
    const two = await behind([{ status: 500 }, {}], {
      service: "outliers: { consecutive5xxErrors: 1, maxEjectionPercent: 49% }",
    });
    await statuses(two.gateway, 10);
    expect(two.endpoints.map(asked)).toEqual([5, 5]);
  });

  test("only gateway errors count where only they are named", async () => {
    const { gateway, endpoints } = await behind([{ status: 500 }, {}], {
      service: "outliers: { consecutiveGatewayErrors: 2 }",
    });
    await statuses(gateway, 20);
    const before = asked(endpoints[0]);
    expect(before, "still among those that are asked").toBeGreaterThan(5);
    endpoints[0]?.reply({ status: 502 });
    await leftOut(gateway);
    expect(asked(endpoints[0])).toBeGreaterThanOrEqual(before + 2);
  });
});

describe("loadBalancing", () => {
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

describe("circuitBreakers", () => {
  test("what is beyond the limit of requests is answered at once", async () => {
    const busy = gate();
    const { gateway, endpoints } = await behind([busy.script], { service: "circuitBreakers: { requests: 2 }" });
    const passed = [gateway.send("/"), gateway.send("/")];
    await vi.waitFor(() => expect(sent(endpoints)).toBe(2), held);
    const refused = await gateway.send("/");
    expect(refused).toMatchObject({ status: 503, headers: { "x-envoy-overloaded": "true" } });
    expect(refused.text).toContain("overflow");
    expect(sent(endpoints)).toBe(2);
    busy.open();
    expect((await Promise.all(passed)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await gateway.send("/")).status).toBe(200);
  });

  test("one connection, and one request that waits for it", async () => {
    const busy = gate();
    const { gateway, endpoints } = await behind([busy.script], {
      service: "circuitBreakers: { connections: 1, pending: 1 }",
    });
    const first = gateway.send("/");
    await vi.waitFor(() => expect(sent(endpoints)).toBe(1), held);
    const others = Array.from({ length: 3 }, () => gateway.send("/"));
    await Promise.race(others);
    busy.open();
    const found = (await Promise.all([first, ...others])).map(({ status }) => status);
    expect(found.toSorted()).toEqual([200, 200, 503, 503]);
  });

  test("retries, in number", async () => {
    const together = gate({ status: 503 });
    const { gateway, endpoints } = await behind([together.script], {
      service: "circuitBreakers: { retries: 1 }",
      route: "retry: { attempts: 1, on: [503] }",
    });
    const all = Array.from({ length: 5 }, () => gateway.send("/"));
    await vi.waitFor(() => expect(sent(endpoints)).toBe(5), held);
    const second = gate();
    endpoints[0]?.reply(second.script);
    together.open();
    await Promise.race(all);
    await vi.waitFor(() => expect(sent(endpoints)).toBe(6), held);
    second.open();
    const found = (await Promise.all(all)).map(({ status }) => status);
    expect(found.toSorted()).toEqual([200, ...times(4, 503)]);
  });
});
