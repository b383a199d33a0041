// Runs in a network namespace of its own, where it is root: a sidecar whose connections the kernel redirects, services behind it
// and clients in front of it. Prints what the clients got as JSON. `node captured.mjs <folder> <main.js of sluice>`
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { join } from "node:path";

const [folder = "", main = ""] = process.argv.slice(2);
/** Addresses of this machine and of another one, where nobody listens. */
const HERE = "10.9.0.1";
const ELSEWHERE = "10.9.0.9";

const run = (command, ...args) => execFileSync(command, args, { stdio: ["ignore", "ignore", "inherit"] });

async function service(name) {
  const server = createServer((incoming, outgoing) => outgoing.end(`${name} ${incoming.headers.host} ${incoming.url}`));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, at: `127.0.0.1:${server.address().port}` };
}

function ask(host, port, path, headers = {}) {
  return new Promise((resolve) => {
    const call = request({ host, port, path, headers, agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part) => {
        text += part;
      });
      answer.on("end", () => resolve({ status: answer.statusCode, text }));
    });
    call.on("error", (error) => resolve({ error: error.code }));
    call.end();
  });
}

/** Waits until the program has printed where its listener is, and gives the port. */
function portOf(child, listener) {
  const pattern = new RegExp(`^${listener}: http://[^ ]+:(\\d+)$`, "m");
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (part) => {
      text += part;
      const found = pattern.exec(text);
      if (found !== null && text.includes("Ctrl-C ends")) resolve(found[1]);
    });
    child.once("exit", () => reject(new Error(`it ended: ${text}`)));
  });
}

run("ip", "link", "set", "lo", "up");
run("ip", "address", "add", `${HERE}/32`, "dev", "lo");
run("ip", "route", "add", `${ELSEWHERE}/32`, "dev", "lo");
const [app, stats, payments] = await Promise.all(["app", "stats", "payments"].map(service));
const policy = join(folder, "policy.yaml");
writeFileSync(
  policy,
  `apiVersion: sluice/v1
kind: Gateway
name: sidecar
listeners:
  inbound: { address: 0.0.0.0:0, capture: true }
  metrics: { address: 0.0.0.0:9090, capturedBy: inbound }
  outbound: { address: 127.0.0.1:0, direction: outbound, capture: true }
services:
  app: { endpoints: [${app.at}] }
  stats: { endpoints: [${stats.at}] }
  payments: { endpoints: [${payments.at}], hosts: [payments.internal] }
consumers:
  shop: { credentials: [{ apiKey: env:SHOP_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
defaults: { apply: [known] }
routes:
  - { name: app, listeners: [inbound], match: { path: /** }, to: app }
  - { name: stats, listeners: [metrics], match: { path: /metrics }, to: stats, except: [known] }
`,
);
const sidecar = spawn(process.execPath, [main, "run", policy], {
  env: { ...process.env, SHOP_KEY: "key-of-the-shop" },
  stdio: ["ignore", "pipe", "inherit"],
});
try {
  const [inbound, outbound] = await Promise.all([portOf(sidecar, "inbound"), portOf(sidecar, "outbound")]);
  const redirect = (to, ...what) =>
    run("iptables", "-t", "nat", "-A", "OUTPUT", "-p", "tcp", ...what, "-j", "REDIRECT", "--to-ports", to);
  redirect(outbound, "-d", ELSEWHERE);
  redirect(inbound, "-d", HERE);
  const key = { "x-api-key": "key-of-the-shop" };
  const answers = {
    known: await ask(HERE, 8080, "/orders/7", key),
    stranger: await ask(HERE, 8080, "/orders/7"),
    metrics: await ask(HERE, 9090, "/metrics"),
    metricsOnly: await ask(HERE, 9090, "/orders/7", key),
    // The listener for metrics is bound nowhere.
    metricsDirectly: await ask("127.0.0.1", 9090, "/metrics"),
    payments: await ask(ELSEWHERE, 80, "/pay", { host: "payments.internal" }),
    paymentsByPort: await ask(ELSEWHERE, 8443, "/pay", { host: "payments.internal:8443" }),
    unknown: await ask(ELSEWHERE, 80, "/pay", { host: "elsewhere.internal" }),
    // Nothing on the way out leads to what is protected on the way in.
    past: await ask(ELSEWHERE, 80, "/orders/7", { host: HERE }),
    pastDirectly: await ask("127.0.0.1", Number(outbound), "/orders/7", { host: "app" }),
  };
  process.stdout.write(`${JSON.stringify(answers)}\n`);
} finally {
  sidecar.removeAllListeners("exit");
  sidecar.kill("SIGTERM");
  await once(sidecar, "exit");
  for (const { server } of [app, stats, payments]) server.close();
}
