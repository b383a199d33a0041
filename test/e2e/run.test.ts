import { mkdir, rm, writeFile } from "node:fs/promises";
import { Agent } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { request } from "../support/http.js";
import { startUpstream, type Upstream } from "../support/upstream.js";
import { isAlive, isOpen, type RunningCli } from "./support/cli.js";
import { acme, type Edits, ENV, globex, servedPolicy } from "./support/served-policy.js";
import { until } from "./support/until.js";
import { workplace } from "./support/workplace.js";

const place = workplace("sluice-run-test-", "first");
let second: Upstream;
beforeEach(async () => {
  second = await startUpstream({ body: "second" });
});
afterEach(() => second.close());

const policyText = (edits: Edits = {}) => servedPolicy(place.upstream, edits);

async function start(...args: string[]): Promise<{ cli: RunningCli; url: string; envoy: number }> {
  const { cli, url } = await place.start(policyText(), args, { env: ENV });
  const [envoy = 0] = cli.children();
  return { cli, url, envoy };
}

/** On a connection of its own, so that it meets the newest listener. */
async function ask(url: string, headers: Record<string, string>): Promise<number> {
  const agent = new Agent({ keepAlive: false });
  return (await request(url, { headers, agent })).status;
}

describe.each([1, 2])("sluice run with %i workers", (workers) => {
  const concurrency = ["--concurrency", String(workers)];

  test("takes over a changed policy without a restart and without failing a request", async () => {
    const { cli, url, envoy } = await start(...concurrency);
    expect(await ask(`${url}/orders/1`, globex)).toBe(200);
    expect(await ask(`${url}/new`, {})).toBe(404);
    const spent: number[] = [];
    for (let n = 0; n < 4; n++) spent.push(await ask(`${url}/counted`, acme));
    expect(spent).toEqual([200, 200, 200, 429]);

    // One request is held by the service all the time, and others come without a pause.
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    place.upstream.reply(async ({ url: path }) => {
      if (path === "/orders/slow") await held;
      return { body: "first" };
    });
    const slow = request(`${url}/orders/slow`, { headers: acme });
    await until("the service to hold a request", () =>
      place.upstream.received.some((one) => one.url === "/orders/slow"),
    );
    let steady = true;
    const failures: unknown[] = [];
    let asked = 0;
    const stream = (async () => {
      while (steady) {
        const status = await ask(`${url}/orders/2`, acme).catch((error: unknown) => error);
        if (status !== 200) failures.push(status);
        asked++;
      }
    })();
    try {
      expect(await place.change(cli, policyText({ consumers: ["acme"] }))).toBe("taken over");
      expect(await ask(`${url}/orders/1`, globex)).toBe(401);

      expect(await place.change(cli, policyText({ consumers: ["acme"], rate: "5/hour" }))).toBe("taken over");
      expect(await ask(`${url}/orders/1`, globex)).toBe(401);

      const routes = ["  - { name: new, match: { path: /new }, to: extra }"];
      const services = [`  extra: { endpoints: ["${second.address}"] }`];
      expect(await place.change(cli, policyText({ consumers: ["acme"], rate: "5/hour", routes, services }))).toBe(
        "taken over",
      );
      expect(await ask(`${url}/new`, {})).toBe(200);
      expect(second.received.map((one) => one.url)).toEqual(["/new"]);
    } finally {
      steady = false;
      await stream;
      release();
    }
    expect((await slow).text).toBe("first");
    expect(failures).toEqual([]);
    expect(asked).toBeGreaterThan(10);
    expect(cli.children()).toEqual([envoy]);
    expect(cli.stderr()).toBe("");
  });

  test("gives nobody a fresh budget when something else changes", async () => {
    const { cli, url } = await start(...concurrency);
    const spent: number[] = [];
    for (let n = 0; n < 4; n++) spent.push(await ask(`${url}/counted`, acme));
    expect(spent).toEqual([200, 200, 200, 429]);
    expect(
      await place.change(
        cli,
        policyText({ routes: ["  - { name: new, match: { path: /new }, respond: { status: 200 } }"] }),
      ),
    ).toBe("taken over");
    expect(await ask(`${url}/new`, {})).toBe(200);
    expect(await ask(`${url}/counted`, acme)).toBe(429);
    expect(await ask(`${url}/counted`, globex)).toBe(200);
  });

  test("a changed limit holds from then on", async () => {
    const { cli, url } = await start(...concurrency);
    expect(await ask(`${url}/counted`, acme)).toBe(200);
    expect(await place.change(cli, policyText({ rate: "1/hour" }))).toBe("taken over");
    expect([await ask(`${url}/counted`, globex), await ask(`${url}/counted`, globex)]).toEqual([200, 429]);
  });
});

test("an edit that is made while it starts is not lost", async () => {
  await writeFile(place.file, policyText());
  const cli = await place.run([], { env: ENV });
  // Envoy is started with the policy that was read before.
  await until("Envoy to be started", () => cli.children().length > 0);
  await writeFile(place.file, policyText({ consumers: ["acme"] }));
  const [, url = ""] = await cli.prints(/^public: (http:\/\/127\.0\.0\.1:\d+)$/m);
  await until("the edit to be in force", async () => (await ask(`${url}/orders/1`, globex)) === 401);
});

test("a removed consumer loses kept connections too, within seconds", async () => {
  const { cli, url } = await start();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    let status = (await request(`${url}/orders/1`, { headers: globex, agent })).status;
    expect(status).toBe(200);
    expect(await place.change(cli, policyText({ consumers: ["acme"] }))).toBe("taken over");
    status = await until(
      "the kept connection to end",
      async () => {
        const now = await request(`${url}/orders/1`, { headers: globex, agent }).catch(() => undefined);
        return now !== undefined && now.status !== 200 ? now.status : undefined;
      },
      20_000,
    );
    expect(status).toBe(401);
  } finally {
    agent.destroy();
  }
});

test("a broken edit is reported, and the policy before stays in force", async () => {
  const { cli, url, envoy } = await start();
  const broken: [text: string, says: RegExp][] = [
    [policyText().replace("routes:", "routes: ["), /policy\.yaml:\d+:\d+: error SL0001/],
    [
      policyText().replace("rate: 3/hour", "rat: 3/hour"),
      /policy\.yaml:\d+:\d+: error SL0101: unknown key `rat`; did you mean `rate`\?/,
    ],
    [policyText().replace("apply: [known]", "apply: [knwon]"), /error SL02\d\d: .*`knwon`; did you mean `known`/],
    ["", /error SL0003/],
  ];
  for (const [text, says] of broken) {
    const before = cli.stderr().length;
    await writeFile(place.file, text);
    await until(
      "the finding",
      () => says.test(cli.stderr().slice(before)) && /policy before stays in force/.test(cli.stderr().slice(before)),
    );
    expect(await ask(`${url}/orders/1`, globex)).toBe(200);
    expect(await ask(`${url}/orders/1`, {})).toBe(401);
  }
  const before = cli.stderr().length;
  await rm(place.file);
  await until("the missing file to be noticed", () => /policy before stays in force/.test(cli.stderr().slice(before)));
  expect(cli.stderr()).not.toMatch(/^\s+at /m);
  expect(await ask(`${url}/orders/1`, globex)).toBe(200);

  expect(await place.change(cli, policyText({ consumers: ["acme"] }))).toBe("taken over");
  expect(await ask(`${url}/orders/1`, globex)).toBe(401);
  expect(cli.children()).toEqual([envoy]);
});

describe("included files", () => {
  const part = (name: string) => join(place.folder, name);
  const fragment = (...lines: string[]) => ["apiVersion: sluice/v1", "kind: Fragment", ...lines, ""].join("\n");
  const route = (path: string) => `routes: [{ name: ${path}, match: { path: /${path} }, respond: { status: 204 } }]`;

  test("a change of any of them is taken over, and a wrong one leaves the policy before in force", async () => {
    await mkdir(part("parts"));
    await writeFile(part("parts/more.yaml"), fragment("include: [deep.yaml]", route("one")));
    await writeFile(part("parts/deep.yaml"), fragment());
    await writeFile(place.file, `${policyText()}include: [parts/more.yaml]\n`);
    const cli = await place.run([], { env: ENV });
    await cli.prints(/^watching .*policy\.yaml and 2 included files; Ctrl-C ends$/m);
    const [, url = ""] = await cli.prints(/^public: (http:\/\/127\.0\.0\.1:\d+)$/m);
    expect([await ask(`${url}/one`, {}), await ask(`${url}/two`, {})]).toEqual([204, 404]);

    expect(await place.word(cli, () => writeFile(part("parts/deep.yaml"), fragment(route("two"))))).toBe("taken over");
    expect([await ask(`${url}/one`, {}), await ask(`${url}/two`, {})]).toEqual([204, 204]);

    const broken: [edit: () => Promise<void>, says: RegExp][] = [
      [() => writeFile(part("parts/deep.yaml"), fragment("routes: [")), /parts\/deep\.yaml:\d+:\d+: error SL0001/],
      [() => rm(part("parts/deep.yaml")), /parts\/more\.yaml:3:11: error SL0701: there is no file `deep\.yaml`/],
    ];
    for (const [edit, says] of broken) {
      const before = cli.stderr().length;
      await edit();
      await until("the finding", () => /policy before stays in force/.test(cli.stderr().slice(before)));
      expect(cli.stderr().slice(before)).toMatch(says);
      expect(await ask(`${url}/two`, {})).toBe(204);
    }
    expect(await place.word(cli, () => writeFile(part("parts/deep.yaml"), fragment(route("three"))))).toBe(
      "taken over",
    );
    expect([await ask(`${url}/two`, {}), await ask(`${url}/three`, {})]).toEqual([404, 204]);
  });

  test("one that is included later is watched from then on", async () => {
    const { cli, url } = await start();
    await writeFile(part("late.yaml"), fragment(route("one")));
    expect(await place.change(cli, `${policyText()}include: [late.yaml]\n`)).toBe("taken over");
    expect(await ask(`${url}/one`, {})).toBe(204);
    expect(await place.word(cli, () => writeFile(part("late.yaml"), fragment(route("two"))))).toBe("taken over");
    expect([await ask(`${url}/one`, {}), await ask(`${url}/two`, {})]).toEqual([404, 204]);
  });
});

test("a secret that Envoy was not started with is asked for, and the policy before stays in force", async () => {
  const { cli, url } = await start();
  await writeFile(place.file, policyText({ consumers: ["acme", "initech"] }));
  await cli.reports(/env:INITECH_KEY is new.*start again\. The policy before stays in force\./);
  expect(await ask(`${url}/orders/1`, globex)).toBe(200);
});

test("what Envoy refuses is reported in its words, and the policy before stays in force", async () => {
  const { cli, url } = await start();
  // A name where the compiler takes an address as it is, and Envoy wants an IP address that this machine has.
  const word = await place.change(cli, policyText().replace("127.0.0.1:0", "192.0.2.1:0"));
  expect(word).toBe("refused by Envoy, the policy before stays in force:");
  expect(await ask(`${url}/orders/1`, globex)).toBe(200);
  expect(await place.change(cli, policyText({ consumers: ["acme"] }))).toBe("taken over");
  expect(await ask(`${url}/orders/1`, globex)).toBe(401);
});

test("--access-log prints one JSON line for each request, without the key", async () => {
  const { cli, url } = await start("--access-log");
  expect(await ask(`${url}/orders/1`, acme)).toBe(200);
  const [line] = await cli.prints(/^\{.*\}$/m);
  expect(JSON.parse(line)).toMatchObject({
    status: 200,
    route: "orders",
    consumer: "acme",
    decision: "known allowed authenticated",
  });
  expect(`${cli.stdout()}${cli.stderr()}`).not.toContain(ENV.ACME_KEY);
});

test.each([
  ["SIGINT", "alone"],
  ["SIGTERM", "alone"],
  ["SIGINT", "with its children"],
] as const)("%s %s ends it cleanly", async (signal, whom) => {
  const { cli, url, envoy } = await start();
  if (whom === "alone") cli.signal(signal);
  else cli.signalGroup(signal);
  const { code, stderr } = await cli.ended;
  // Envoy logs the signal that it is ended by.
  const words = stderr
    .split("\n")
    .filter((line) => line !== "" && !/\[warning\]\[main\].* caught (ENVOY_SIGTERM|SIGINT)$/.test(line));
  expect({ code, words }).toEqual({ code: 0, words: [] });
  expect(isAlive(envoy)).toBe(false);
  expect(await isOpen(Number(new URL(url).port))).toBe(false);
  expect(await cli.leftovers()).toEqual([]);
});

test("an Envoy that ends by itself ends it too, and says so", async () => {
  const { cli, envoy } = await start();
  process.kill(envoy, "SIGKILL");
  const { code, stderr } = await cli.ended;
  expect(code).toBe(1);
  expect(stderr).toBe("sluice: Envoy ended by itself (SIGKILL)\n");
  expect(await cli.leftovers()).toEqual([]);
});
