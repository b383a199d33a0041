import { request } from "node:http";
import { PATHS } from "../workload.mjs";
import { TENANT } from "./workload.mjs";

/** What is compared must do the same: who signs in is asked for a key, and a limit is told by whatever has one. */
export async function checkVariants(names, ports) {
  const wrong = [];
  for (const name of names) {
    const stranger = await ask(ports[name], { [TENANT]: "tenant-0" });
    const isGuarded = name.startsWith("known");
    if (stranger.status !== (isGuarded ? 401 : 200)) wrong.push(`${name}: ${stranger.status} without a key`);
    const hasLimit = !["bare", "known", "known_10", "known_1000"].includes(name);
    if (isGuarded || !hasLimit) continue;
    const left = stranger.headers["x-ratelimit-remaining"] ?? /;r=(\d+)/.exec(stranger.headers.ratelimit ?? "")?.[1];
    if (!(Number(left) > 0)) wrong.push(`${name}: no limit is told`);
  }
  if (wrong.length > 0) throw new Error(`the variants do not do the same:\n${wrong.join("\n")}`);
}

function ask(port, headers) {
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, path: PATHS.direct, headers, agent: false }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers }));
    });
    call.on("error", reject);
    call.end();
  });
}
