import { readFile } from "node:fs/promises";
import { expect, test, vi } from "vitest";
import { behind } from "./support/behind.js";

/** Of a connection in /proc/net/tcp (Linux, Documentation/networking/proc_net_tcp): seconds until the kernel asks whether the other side is there. */
async function untilProbe(port: number): Promise<number | undefined> {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const rows = (await readFile("/proc/net/tcp", "utf8")).split("\n").map((line) => line.trim().split(/\s+/));
  const timer = rows.find((row) => row[2]?.endsWith(remote) && row[3] === "01")?.[5];
  const [kind, left = ""] = timer?.split(":") ?? [];
  // 2: the timer is that of keepalive. Its time is in ticks of 10 ms.
  return kind === "02" ? Number.parseInt(left, 16) / 100 : undefined;
}

test.each([
  ["does not ask unless the policy says so", "", undefined],
  ["asks after the time that it says", "connections: { tcpKeepalive: { idle: 30m, interval: 5s, probes: 3 } }", 1800],
])("whether an idle service is there: the kernel %s", async (_what, connections, idle) => {
  const { gateway, endpoints } = await behind([{}], { service: connections });
  const port = endpoints[0]?.port ?? 0;
  expect((await gateway.send("/")).status).toBe(200);
  if (idle === undefined) {
    expect(await untilProbe(port)).toBeUndefined();
    return;
  }
  // Until what was sent is acknowledged, the timer is another one.
  const seconds = await vi.waitFor(async () => {
    const left = await untilProbe(port);
    if (left === undefined) throw new Error("no timer of keepalive");
    return left;
  });
  expect(seconds).toBeGreaterThan(idle - 300);
  expect(seconds).toBeLessThanOrEqual(idle);
});
