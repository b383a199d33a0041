import { request } from "node:http";
import { BARE } from "./variants.mjs";
import { CALLS_PER_SECOND, consumers, PATHS, SEEN_PATH } from "./workload.mjs";

/**
 * Sends a variant what it must let pass and what it must refuse, so that none is fast because it does less.
 *
 * @returns {Promise<string[]>} what was wrong
 */
export async function checkVariant(name, port) {
  const wrong = [];
  const expect = (what, seen, wanted) => {
    if (seen !== wanted) wrong.push(`${name}: ${what}: ${seen} instead of ${wanted}`);
  };
  const guarded = name !== BARE;
  const [first] = consumers;
  for (const path of Object.values(PATHS)) {
    for (const { key } of consumers) expect(`GET ${path} with a key`, (await ask(port, { path, key })).status, 200);
    if (!guarded) continue;
    expect(`GET ${path} without key`, (await ask(port, { path })).status, 401);
    expect(`GET ${path} with a wrong key`, (await ask(port, { path, key: `${first.key}0` })).status, 401);
    expect(`PUT ${path}`, (await ask(port, { method: "PUT", path, key: first.key })).status, 403);
    const { headers } = await ask(port, { path, key: first.key });
    const remaining = headers["x-ratelimit-remaining"] ?? /r=(\d+)/.exec(headers.ratelimit ?? "")?.[1];
    expect(`${path}: a limit is told`, Number(remaining) > 0 && Number(remaining) <= CALLS_PER_SECOND, true);
  }
  if (guarded) await checkIdentity(port, expect);
  return wrong;
}

async function checkIdentity(port, expect) {
  const consumer = consumers[7];
  const forged = { "x-consumer": "root", "x-consumer-tier": "root", "x-consumer-groups": "root" };
  const { status, headers } = await ask(port, { path: SEEN_PATH, key: consumer.key, headers: forged });
  expect(`GET ${SEEN_PATH}`, status, 200);
  expect("consumer at the upstream", headers["seen-x-consumer"], consumer.name);
  expect("tier at the upstream", headers["seen-x-consumer-tier"], consumer.tier);
  expect("groups at the upstream", headers["seen-x-consumer-groups"], consumer.groups.join(","));
  expect("key at the upstream", headers["seen-x-api-key"], undefined);
}

function ask(port, { method = "GET", path, key, headers = {} }) {
  return new Promise((resolve, reject) => {
    const all = key === undefined ? headers : { ...headers, "x-api-key": key };
    const call = request(
      { host: "127.0.0.1", port, method, path, headers: all, agent: false, timeout: 5_000 },
      (answer) => {
        answer.resume();
        answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers }));
      },
    );
    call.on("timeout", () => call.destroy(new Error(`${method} ${path}: no answer`)));
    call.on("error", reject);
    call.end();
  });
}
