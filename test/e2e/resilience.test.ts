import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { describe, expect, test, vi } from "vitest";
import { type Script, startUpstream } from "../support/upstream.js";
import { asked, before, behind, gate, held, sent, statuses, times } from "./support/behind.js";
import { clean } from "./support/clean.js";
import type { Gateway } from "./support/serve.js";
import { portOf } from "./support/served-policy.js";
import { certificateFolder } from "./support/tls.js";

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

describe("backoff", () => {
  const failing = async (backoff: string) => {
    const { gateway, endpoints } = await behind([{ status: 503 }], {
      route: `timeout: 1s, retry: { attempts: 1, on: [503], backoff: ${backoff} }`,
    });
    return { status: (await gateway.send("/")).status, tries: sent(endpoints) };
  };

  test("a retry waits as said, and no longer than there is time for the answer", async () => {
    expect(await failing("{ base: 1ms }")).toEqual({ status: 503, tries: 2 });
    // A random time up to a day, which is below a second once in many thousands of times.
    expect(await failing("{ base: 24h }")).toEqual({ status: 504, tries: 1 });
    expect(await failing("{ base: 1ms, max: 1ms }")).toEqual({ status: 503, tries: 2 });
  });
});

test("connectTimeout: an endpoint that takes a connection and then says nothing is given up in time", async () => {
  const silent = createServer();
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  const sockets: Socket[] = [];
  silent.on("connection", (socket) => sockets.push(socket));
  clean.push(async () => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  const folder = await certificateFolder();
  clean.push(() => folder.remove());
  const gateway = await before([`127.0.0.1:${portOf(silent.address())}`], {
    service: `connectTimeout: 200ms, tls: { sni: api.test, ca: "mounted:${folder.path}/ca.crt" }`,
    route: "retry: { attempts: 2, on: [connect-failure], backoff: { base: 1ms } }",
  });
  const reply = await gateway.send("/");
  expect(reply.status).toBe(503);
  expect(reply.text).toContain("connection timeout");
  expect(sockets).toHaveLength(3);
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
