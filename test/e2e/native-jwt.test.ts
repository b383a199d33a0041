import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type StandingOracle, standingOracle } from "../support/envoy.js";
import { request } from "../support/http.js";
import { type Members, published, type SigningKey, secretKey, TOKEN_KEYS, tokenBy } from "../support/token-keys.js";
import { base64url } from "../support/tokens.js";
import { type Bootstrap, edited } from "./support/edit.js";
import { type Gateway, serve } from "./support/serve.js";

// The same random tokens to our policies and to Envoy's own filter for them: nothing is let in that it refuses. What only we refuse is for one of the reasons that
// `filters/authenticate/README.md` lists.

const { rsa, ec, ec384, otherEc } = TOKEN_KEYS;
const SECRET = "a secret that is shared with an issuer, of 64 bytes as it has to";
const hmac = secretKey("HS256", SECRET, "TOKEN_SECRET");
const otherHmac = secretKey("HS256", "another secret that is shared with nobody, of more than 32 bytes", "");

const ISSUER = "https://id.example.com/";
const KEYS = [rsa, ec, ec384].map(published);

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: tokens
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
policies:
  known: { authenticate: { anyOf: [{ jwt: { issuer: ${ISSUER}, audiences: [orders, shop], jwks: ${JSON.stringify({ keys: KEYS })} } }] } }
  shared: { authenticate: { anyOf: [{ jwt: { issuer: ${ISSUER}, audiences: [orders, shop], secret: env:TOKEN_SECRET } }] } }
routes:
  - { name: known, match: { path: /known/** }, to: echo, apply: [known] }
  - { name: shared, match: { path: /shared/** }, to: echo, apply: [shared] }
`;

const now = () => Math.floor(Date.now() / 1000);
const good = (): Members => ({ iss: ISSUER, aud: ["orders"], sub: "alice", exp: now() + 600 });

/** A listener `native` beside ours, with Envoy's own filter in the place of the guard. */
function withNative(document: Bootstrap): void {
  const [own] = document.static_resources.listeners;
  if (own === undefined) throw new Error("there is a listener");
  const native = structuredClone(own);
  native.name = "native";
  for (const { typed_config: manager } of native.filter_chains.flatMap((chain) => chain.filters))
    manager.http_filters = manager.http_filters.map((filter) =>
      filter.typed_config.config === undefined ? filter : { name: "jwt", typed_config: jwtAuthn() },
    );
  document.static_resources.listeners.push(native);
}

function jwtAuthn() {
  const provider = (keys: unknown) => ({
    issuer: ISSUER,
    audiences: ["orders", "shop"],
    local_jwks: { inline_string: JSON.stringify({ keys }) },
    clock_skew_seconds: 30,
  });
  return {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
    providers: { known: provider(KEYS), shared: provider([{ kty: "oct", alg: "HS256", k: base64url(SECRET) }]) },
    rules: ["known", "shared"].map((name) => ({ match: { prefix: `/${name}/` }, requires: { provider_name: name } })),
  };
}

interface OnlyHere {
  refusal: string;
  /** What jwt_authn does not look at, or reads in another way. */
  why: string;
  token: () => string;
  /** Which tokens are refused here for that alone; any, if it is left out. */
  isSuch?: (token: string) => boolean;
  place?: "known" | "shared";
}

const partOf = (token: string, index: number) => Buffer.from(token.split(".")[index] ?? "", "base64url");

/** Each is let in by jwt_authn, and refused here. */
const ONLY_HERE: readonly OnlyHere[] = [
  {
    refusal: "token-parts",
    why: "reads no further than the third part",
    token: () => `${tokenBy(rsa, good())}.`,
  },
  {
    refusal: "token-encoding",
    why: "does not look at the bits of a last character that stand for nothing",
    token: () => tokenBy(rsa, good()).replace(/.$/, (last) => String.fromCharCode(last.charCodeAt(0) + 1)),
  },
  {
    refusal: "token-encoding",
    why: "takes base64url with its padding",
    token: () => `${tokenBy(hmac, good())}=`,
    place: "shared",
  },
  {
    refusal: "token-extension",
    why: "does not look at crit, b64 and zip",
    token: () => tokenBy(rsa, good(), { crit: ["x"], b64: false, zip: "DEF" }),
  },
  { refusal: "token-header", why: "does not read typ", token: () => tokenBy(rsa, good(), { typ: 1 }) },
  {
    refusal: "token-payload",
    why: "reads claims of any depth and number",
    token: () => tokenBy(rsa, { ...good(), a: Array(3000).fill(1) }),
  },
  {
    refusal: "token-claim",
    why: "reads no claims but those that it needs",
    token: () => tokenBy(rsa, { ...good(), scope: true }),
  },
  {
    refusal: "token-without-expiry",
    why: "needs no exp",
    token: () => tokenBy(rsa, { iss: ISSUER, aud: "orders" }),
  },
  {
    refusal: "token-expired",
    why: "takes an exp of 0 for none",
    token: () => tokenBy(rsa, { ...good(), exp: 0 }),
    isSuch: (token) => /"exp":0[,}]/.test(partOf(token, 1).toString()),
  },
  {
    refusal: "token-issued-ahead",
    why: "does not read iat",
    token: () => tokenBy(rsa, { ...good(), iat: now() + 400 }),
  },
  { refusal: "token-key", why: "takes an empty kid for none", token: () => tokenBy(rsa, good(), { kid: "" }) },
  {
    refusal: "token-signature",
    why: "takes half of the bytes of an ES256 signature for one number and half for the other, and does not count them",
    token: () => {
      const token = tokenBy(ec, good());
      return `${token.replace(/[^.]+$/, "")}${Buffer.concat([partOf(token, 2), Buffer.of(0)]).toString("base64url")}`;
    },
    isSuch: (token) => partOf(token, 2).length % 2 === 1,
  },
];

describe("beside jwt_authn", () => {
  let gateway: Gateway;
  let oracle: StandingOracle;
  beforeAll(async () => {
    gateway = await serve(POLICY, { env: { TOKEN_SECRET: SECRET }, edit: edited(withNative) });
    oracle = await standingOracle(gateway.envoy);
  });
  afterAll(() => gateway?.stop());

  const time = fc.integer({ min: -400, max: 400 }).filter((seconds) => Math.abs(Math.abs(seconds) - 30) > 10);
  const odd = fc.constantFrom<Members[string]>(
    null,
    "",
    "orders",
    0,
    -1,
    1.5,
    1e300,
    true,
    [],
    {},
    ["orders", 1],
    [["orders"]],
  );
  const mostly = (usual: fc.Arbitrary<Members[string]>, other: fc.Arbitrary<Members[string]> = odd) =>
    fc.oneof({ weight: 20, arbitrary: usual }, { weight: 1, arbitrary: other });
  const moment = time.map((seconds): Members[string] => now() + seconds);
  const past = fc.integer({ min: 50, max: 500 }).map((seconds): Members[string] => now() - seconds);
  const claims = fc.record(
    {
      iss: mostly(fc.constant(ISSUER)),
      aud: mostly(
        fc.constantFrom<Members[string]>("orders", ["shop"], ["x", "orders"]),
        fc.oneof(odd, fc.constant("Orders")),
      ),
      exp: mostly(fc.constant(now() + 900), fc.oneof(odd, moment)),
      nbf: mostly(past, fc.oneof(odd, moment)),
      iat: mostly(past, fc.oneof(odd, moment)),
      sub: mostly(fc.constant("alice")),
      jti: mostly(fc.constant("a")),
      scope: mostly(fc.constantFrom<Members[string]>("a b", ["a"])),
      other: odd,
    },
    { requiredKeys: ["iss", "aud", "exp"] },
  );
  const header = fc.record(
    {
      kid: fc.constantFrom<Members[string]>("rsa", "ec", "nobody", "", 1),
      alg: fc.constantFrom<Members[string]>("RS256", "RS384", "ES256", "none", "HS256"),
      typ: fc.constantFrom<Members[string]>("JWT", "at+jwt", 1),
      crit: fc.constantFrom<Members[string]>([], ["x"]),
      b64: fc.boolean(),
      zip: fc.constant<Members[string]>("DEF"),
    },
    { requiredKeys: [] },
  );
  const change = fc.oneof(
    { weight: 10, arbitrary: fc.constant((token: string) => token) },
    { weight: 1, arbitrary: fc.constant((token: string) => `${token}=`) },
    { weight: 1, arbitrary: fc.constant((token: string) => `${token}.`) },
    { weight: 1, arbitrary: fc.constant((token: string) => token.replace(/.$/, (last) => (last === "A" ? "B" : "A"))) },
    {
      weight: 1,
      arbitrary: fc.nat(500).map((at) => (token: string) => `${token.slice(0, at)}A${token.slice(at + 1)}`),
    },
    { weight: 1, arbitrary: fc.nat(500).map((at) => (token: string) => token.slice(0, at)) },
  );
  const key = fc.constantFrom<SigningKey>(
    ...[rsa, rsa, ec, ec, ec384, { ...otherEc, kid: "ec" }],
    ...[hmac, hmac, hmac, otherHmac, { ...hmac, kid: "rsa" }, { ...hmac, alg: "HS512" }],
  );
  const token = fc
    .tuple(key, claims, fc.oneof({ weight: 4, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: header }), change)
    .map(([by, payload, first, changed]) => ({ by, text: changed(tokenBy(by, payload, first)) }));
  /** Where a key is known; now and then the other place, where it is not. */
  const sent = fc.tuple(token, fc.integer({ min: 0, max: 9 })).map(([{ by, text }, chance]) => {
    const own = by.alg.startsWith("HS") ? "shared" : "known";
    return { text, place: chance > 0 ? own : "shared" };
  });

  /** What both say of a token. */
  async function judged(place: string, text: string) {
    const headers = { authorization: `Bearer ${text}` };
    const { reply, decision } = await gateway.judged(() => gateway.send(`/${place}/x`, { headers }));
    const native = await request(gateway.url(`/${place}/x`, "native"), { headers });
    return { ours: reply.status, theirs: native.status, refusal: decision.decision?.replace(`${place} denied `, "") };
  }

  it.each(ONLY_HERE)(
    "which $why, lets a token in that is refused here",
    async ({ refusal, token, place = "known" }) => {
      expect(await judged(place, token())).toEqual({ ours: 401, theirs: 200, refusal });
    },
  );

  it("lets nothing in that it refuses, and refuses beyond it only for what is written down", {
    timeout: 300_000,
  }, async () => {
    const runs = Number(process.env.SLUICE_FUZZ_RUNS ?? 300);
    const both = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(sent, async ({ text, place }) => {
        const { ours, theirs, refusal } = await judged(place, text);
        if (ours === 200) {
          expect(theirs, text).toBe(200);
          both.set(place, (both.get(place) ?? 0) + 1);
        } else if (theirs === 200) {
          const known = ONLY_HERE.filter(({ isSuch = () => true }) => isSuch(text)).map((one) => one.refusal);
          expect(known, text).toContain(refusal);
        }
      }),
      { numRuns: runs },
    );
    // Otherwise nothing was compared.
    for (const place of ["known", "shared"]) expect(both.get(place), place).toBeGreaterThan(runs / 40);
  });

  it("afterwards no VM has trapped, no secret is shown, and every worker serves", async () => {
    const text = tokenBy(hmac, good());
    await oracle.check({
      goodRequest: (agent) =>
        request(gateway.url("/shared/x"), { agent, headers: { authorization: `Bearer ${text}` } }),
      // Envoy's own filter has the secret in its configuration, in base64url.
      secrets: [SECRET, text],
    });
  });
});
