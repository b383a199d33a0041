import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { packageRoot } from "../../compiler/cli/files.js";
import { request } from "../support/http.js";
import { startUpstream, type Upstream } from "../support/upstream.js";
import { workplace } from "./support/workplace.js";

// What examples/partners/README.md has its reader try, with services of its own: the secret signs, and tokens are asked about.

const folder = join(packageRoot(), "examples", "partners");
const place = workplace("sluice-partners-", "ordered");
const run = promisify(execFile);
const KEYS = { ACME_KEY: "of-acme", GLOBEX_KEY: "of-globex", IDP_CLIENT: "gateway", IDP_SECRET: "secret" };
const ACME_SECRET = randomBytes(24).toString("hex");

let idp: Upstream;
let url = "";
beforeEach(async () => {
  idp = await startUpstream(({ body }) => {
    const known = new URLSearchParams(body.toString()).get("token") === "customer-7";
    const said = { active: known, client_id: "initech-app", sub: "carol", aud: "partners", scope: "orders:write" };
    return { headers: { "content-type": "application/json" }, body: JSON.stringify(said) };
  });
  const policy = (await readFile(join(folder, "policy.yaml"), "utf8"))
    .replace("127.0.0.1:8080", "127.0.0.1:0")
    .replaceAll("127.0.0.1:9001", place.upstream.address)
    .replace("127.0.0.1:9002", idp.address);
  ({ url } = await place.start(policy, [], { env: { ...KEYS, ACME_SECRET } }));
});
afterEach(() => idp.close());

/** Prints what a partner is answered. */
async function signed(body: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const args = [join(folder, "sign.mjs"), `${url}/orders`, body];
  const { stdout } = await run(process.execPath, args, { env: { ...process.env, ACME_SECRET, ...env } });
  return stdout.trim();
}

test("keys look, signatures order with the body that was signed, and tokens are what the identity provider says", async () => {
  const looks = (headers: Record<string, string>) => request(`${url}/catalogue/hats`, { headers });
  expect((await looks({ "x-api-key": KEYS.GLOBEX_KEY })).status).toBe(200);
  expect((await looks({ "x-api-key": "guess" })).status).toBe(401);
  expect(await signed('{"hats":3}')).toBe("200 ordered");
  const changed = await signed('{"hats":3}', { TAMPER: '{"hats":30}' });
  expect(changed).toMatch(/^400 /);
  expect(await readFile(join(folder, "README.md"), "utf8")).toContain(`\n${changed}\n`);
  expect(await signed('{"hats":3}', { ACME_SECRET: "another secret that nobody at the shop has" })).toMatch(/^401 /);
  expect((await looks({ authorization: "Bearer customer-7" })).status).toBe(200);
  expect((await looks({ authorization: "Bearer customer-8" })).status).toBe(401);

  const consumers = place.upstream.received.map((one) => one.values("x-consumer")[0]);
  expect(consumers).toEqual(["globex", "acme", "initech"]);
  expect(place.upstream.received[1]?.body.toString()).toBe('{"hats":3}');
  expect(place.upstream.received[2]?.values("x-user-id")).toEqual(["carol"]);
  expect(idp.received.map((one) => one.values("authorization")[0])).toEqual([
    `Basic ${Buffer.from("gateway:secret").toString("base64")}`,
    `Basic ${Buffer.from("gateway:secret").toString("base64")}`,
  ]);
});
