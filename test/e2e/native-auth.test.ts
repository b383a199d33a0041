import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type StandingOracle, standingOracle } from "../support/envoy.js";
import { request } from "../support/http.js";
import { type ConnectionManager, connectionManagers, edited } from "./support/edit.js";
import { type Gateway, serve } from "./support/serve.js";

// The same random requests to our policies and to Envoy's own filters: nothing is let in that these refuse. What only we refuse is for one of the
// reasons that the README of the kind lists (filters/authenticate/README.md, filters/authorize/README.md).

type Pair = readonly [name: string, value: string];
interface Sent {
  method: string;
  target: string;
  headers: readonly Pair[];
}

interface Compared {
  ours: Gateway;
  theirs: Gateway;
  /** Of ours. */
  oracle: StandingOracle;
}

/** Ours with its policies, and the same without them behind filters of Envoy's own. */
async function beside(
  policy: string,
  env: Readonly<Record<string, string>>,
  native: ConnectionManager["http_filters"],
) {
  const ours = await serve(policy, { env });
  const theirs = await serve(policy.replaceAll(/, apply: \[[^\]]*\]/g, ""), {
    env,
    edit: edited((document) => {
      for (const manager of connectionManagers(document)) manager.http_filters.unshift(...native);
    }),
  });
  return { ours, theirs, oracle: await standingOracle(ours.envoy) };
}

/** How often each outcome came, and why we refused what Envoy's filter lets in. */
async function compare({ ours, theirs }: Compared, requests: readonly Sent[], why: (sent: Sent) => string | undefined) {
  const seen = { both: 0, neither: 0 };
  const reasons = new Map<string, number>();
  for (const sent of requests) {
    const [mine, their] = await Promise.all([ours, theirs].map((gateway) => gateway.raw(sent)));
    const passes = [mine?.status === 200, their?.status === 200];
    expect(passes, JSON.stringify(sent)).not.toEqual([true, false]);
    if (passes[0]) seen.both++;
    else if (!passes[1]) seen.neither++;
    else {
      const reason = why(sent);
      expect(reason, JSON.stringify([sent, mine?.status])).toBeDefined();
      reasons.set(reason ?? "", (reasons.get(reason ?? "") ?? 0) + 1);
    }
  }
  return { ...seen, reasons: [...reasons.keys()].toSorted() };
}

describe("API keys beside Envoy's api_key_auth", () => {
  const KEYS = { ACME_KEY: "acme-key", GLOBEX_KEY: "gl+obex/key=" };
  const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: keys
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
consumers:
  acme: { credentials: [{ apiKey: env:ACME_KEY }] }
  globex: { credentials: [{ apiKey: env:GLOBEX_KEY }] }
policies:
  known:
    authenticate:
      anyOf:
        - apiKey: { header: x-api-key }
        - apiKey: { query: api_key } # sluice-ignore: SL0560 it is what is tested
        - apiKey: { cookie: sid }
routes:
  - { name: echo, match: { path: /** }, to: echo, apply: [known] }
`;
  const native = {
    name: "envoy.filters.http.api_key_auth",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.api_key_auth.v3.ApiKeyAuth",
      credentials: Object.entries(KEYS).map(([client, key]) => ({ client, key })),
      key_sources: [{ header: "x-api-key" }, { query: "api_key" }, { cookie: "sid" }],
    },
  };
  let gateways: Compared;
  beforeAll(async () => {
    gateways = await beside(POLICY, KEYS, [native]);
  });
  afterAll(async () => {
    await gateways?.ours.stop();
    await gateways?.theirs.stop();
  });

  const parameters = ({ target }: Sent) => (target.split("?")[1] ?? "").split("&");
  const nameOf = (pair: string) => {
    try {
      return decodeURIComponent((pair.split("=", 1)[0] ?? "").replaceAll("+", " "));
    } catch {
      return undefined;
    }
  };
  const valuesOf = (sent: Sent, name: string) =>
    sent.headers.flatMap(([other, value]) => (other === name ? [value] : []));

  /** Why only we refuse a request. */
  function why(sent: Sent): string | undefined {
    const names = parameters(sent).map(nameOf);
    const cookies = valuesOf(sent, "cookie");
    const pairs = cookies.flatMap((line) => line.split(";").map((pair) => pair.trim()));
    const inHeader = valuesOf(sent, "x-api-key").length;
    const inQuery = names.filter((name) => name === "api_key").length;
    const inCookies = pairs.filter((pair) => /^sid\s*(=|$)/.test(pair)).length;
    if (inHeader > 1 || inQuery > 1 || inCookies > 1) return "one place has several keys";
    if (cookies.length > 1) return "there are two lines of cookies";
    if (names.includes(undefined)) return "a name in the query is none";
    if ([inHeader, inQuery, inCookies].filter((count) => count > 0).length > 1) return "several places have keys";
    if (pairs.some((pair) => /^sid="/.test(pair))) return "a cookie is in quotes";
    if (parameters(sent).some((pair) => nameOf(pair) === "api_key" && pair.includes("+"))) return "a `+` is a space";
    return undefined;
  }

  test("nothing is let in that it refuses", async () => {
    const key = fc.constantFrom(...Object.values(KEYS), ...Object.values(KEYS), "wrong", "", "acme-key ", "ACME-KEY");
    const spelled = key.chain((one) =>
      fc.constantFrom(one, encodeURIComponent(one), one.replace("a", "%61"), `${one}%00`, `${one}%`, `${one}%zz`),
    );
    const name = fc.constantFrom(
      "api_key",
      "api_key",
      "api%5Fkey",
      "%61pi_key",
      "API_KEY",
      "api_key+",
      "%zz",
      "%ff",
      "a",
    );
    const parameter = fc.oneof(
      { weight: 6, arbitrary: fc.tuple(name, spelled).map(([left, right]) => `${left}=${right}`) },
      fc.constantFrom("api_key", "a=1", "", "=", "b", "api_key==acme-key"),
    );
    const cookie = fc.oneof(
      { weight: 5, arbitrary: key.map((one) => `sid=${one}`) },
      { weight: 2, arbitrary: key.map((one) => `sid="${one}"`) },
      fc.tuple(fc.constantFrom("sid =", "sid= ", "SID=", "s%69d="), key).map((parts) => parts.join("")),
      fc.constantFrom("sid", "a=1", "", "sid;"),
    );
    const line = fc.array(cookie, { minLength: 1, maxLength: 2 }).map((all): Pair => ["cookie", all.join("; ")]);
    const header = key.map((one): Pair => ["x-api-key", one]);
    const some = <T>(item: fc.Arbitrary<T>, weight: number) =>
      fc.oneof(
        { weight, arbitrary: fc.constant([]) },
        { weight: 2, arbitrary: fc.array(item, { minLength: 1, maxLength: 1 }) },
        { weight: 1, arbitrary: fc.array(item, { minLength: 2, maxLength: 2 }) },
      );
    const sent = fc
      .record({ header: some(header, 5), query: some(parameter, 2), cookies: some(line, 3) })
      .map(({ header: first, query, cookies }) => ({
        method: "GET",
        target: `/x${query.length === 0 ? "" : `?${query.join("&").replaceAll(" ", "%20")}`}`,
        headers: [...first, ...cookies],
      }));
    const found = await compare(gateways, fc.sample(sent, { numRuns: 1500, seed: 11 }), why);
    expect(found.both).toBeGreaterThan(50);
    expect(found.neither).toBeGreaterThan(200);
    expect(found.reasons).toEqual([
      "a `+` is a space",
      "a cookie is in quotes",
      "a name in the query is none",
      "one place has several keys",
      "several places have keys",
      "there are two lines of cookies",
    ]);
    await gateways.oracle.check({
      goodRequest: (agent) => request(gateways.ours.url("/x"), { agent, headers: { "x-api-key": KEYS.GLOBEX_KEY } }),
      secrets: Object.values(KEYS),
    });
  });
});

describe("rules beside Envoy's rbac", () => {
  const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: rules
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
policies:
  access:
    authorize:
      rules:
        - { name: blocked, deny: 'request.headers["x-blocked"] == "yes"' }
        - { name: outside, deny: 'request.headers["x-zone"].startsWith("ext")' }
        - { name: admins, allow: 'request.headers["x-role"] in ["admin", "root"]' }
        - { name: readers, allow: 'request.method == "GET" && request.path.startsWith("/public/")' }
        - { name: exact, allow: 'request.path == "/open"' }
routes:
  - { name: echo, match: { path: /** }, to: echo, apply: [access] }
`;
  const header = (name: string, match: unknown) => ({ header: { name, string_match: match } });
  const path = (match: unknown) => ({ url_path: { path: match } });
  const filter = (name: string, action: string, policies: Readonly<Record<string, unknown>>) => ({
    name,
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC",
      rules: {
        action,
        policies: Object.fromEntries(
          Object.entries(policies).map(([rule, permission]) => [
            rule,
            { permissions: [permission], principals: [{ any: true }] },
          ]),
        ),
      },
    },
  });
  const native = [
    filter("deny", "DENY", {
      blocked: header("x-blocked", { exact: "yes" }),
      outside: header("x-zone", { prefix: "ext" }),
    }),
    filter("allow", "ALLOW", {
      admins: { or_rules: { rules: [header("x-role", { exact: "admin" }), header("x-role", { exact: "root" })] } },
      readers: { and_rules: { rules: [header(":method", { exact: "GET" }), path({ prefix: "/public/" })] } },
      exact: path({ exact: "/open" }),
    }),
  ];
  let gateways: Compared;
  beforeAll(async () => {
    gateways = await beside(POLICY, {}, native);
  });
  afterAll(async () => {
    await gateways?.ours.stop();
    await gateways?.theirs.stop();
  });

  /** What is not there or is there twice makes a rule unknown: one that denies matches then, one that allows does not. */
  function why({ headers }: Sent): string | undefined {
    const count = (name: string) => headers.filter(([other]) => other === name).length;
    const denying = [count("x-blocked"), count("x-zone")];
    if (denying.includes(0)) return "what a rule denies by is not there";
    if (denying.some((times) => times > 1)) return "what a rule denies by is there twice";
    return count("x-role") > 1 ? "what a rule allows by is there twice" : undefined;
  }

  test("nothing is let in that it refuses", async () => {
    const values = (name: string, ...texts: string[]) =>
      fc.array(fc.constantFrom(...texts), { maxLength: 2 }).map((all) => all.map((value): Pair => [name, value]));
    const sent = fc
      .record({
        method: fc.constantFrom("GET", "GET", "POST", "HEAD"),
        target: fc.constantFrom(
          ...["/public/x", "/public/x", "/public", "/public/../x", "/x/../public/a", "//public//a", "/PUBLIC/x"],
          ...["/open", "/open?x=1", "/open/", "/%6fpen", "/x?/public/", "/public%2fx", "/public/;x"],
        ),
        blocked: values("x-blocked", "yes", "no", "no", "YES", "yes,no", ""),
        zone: values("x-zone", "int", "int", "ext-1", "Ext", ",ext"),
        role: values("x-role", "admin", "root", "user", "admin,root", "Admin", ""),
      })
      .map(({ method, target, blocked, zone, role }) => ({ method, target, headers: [...blocked, ...zone, ...role] }));
    const found = await compare(gateways, fc.sample(sent, { numRuns: 1500, seed: 12 }), why);
    expect(found.both).toBeGreaterThan(30);
    expect(found.neither).toBeGreaterThan(200);
    expect(found.reasons).toEqual([
      "what a rule allows by is there twice",
      "what a rule denies by is not there",
      "what a rule denies by is there twice",
    ]);
    const headers = { "x-blocked": "no", "x-zone": "int" };
    await gateways.oracle.check({ goodRequest: (agent) => request(gateways.ours.url("/open"), { agent, headers }) });
  });
});
