import { request } from "node:http";
import * as z from "zod";

/** A bound listener as Envoy reports it; `port` is the real one, also for a listener configured with port 0. */
export interface ListenerAddress {
  name: string;
  address: string;
  port: number;
}

/** Envoy's admin interface. Every call rejects if Envoy does not answer within five seconds. */
export interface EnvoyAdmin {
  /** For example `http://127.0.0.1:40123`. */
  readonly url: string;
  /** @param path from `/` on, with its query */
  get(path: string): Promise<{ status: number; text: string }>;
  /** What changes something. */
  post(path: string): Promise<{ status: number; text: string }>;
  /** Counters and gauges whose names match the regular expression (RE2). */
  stats(filter: string): Promise<ReadonlyMap<string, number>>;
  listeners(): Promise<ListenerAddress[]>;
}

const TIMEOUT_MS = 5_000;

const socketAddress = z.object({ socket_address: z.object({ address: z.string(), port_value: z.number() }) });
const listenersReply = z.object({
  listener_statuses: z
    .array(
      z.object({
        name: z.string(),
        local_address: z.unknown(),
        additional_local_addresses: z.array(z.unknown()).optional(),
      }),
    )
    .optional(),
});

/** @param address `host:port`, as in the file of `--admin-address-path` */
export function connectAdmin(address: string): EnvoyAdmin {
  const url = `http://${address}`;
  const get = (path: string) => fetchText(new URL(path, url));
  return {
    url,
    get,
    post: (path) => fetchText(new URL(path, url), "POST"),
    async stats(filter) {
      return readStats((await get(`/stats?filter=${encodeURIComponent(filter)}`)).text);
    },
    async listeners() {
      const reply = listenersReply.parse(JSON.parse((await get("/listeners?format=json")).text));
      return (reply.listener_statuses ?? []).flatMap((status) =>
        [status.local_address, ...(status.additional_local_addresses ?? [])].flatMap((local) => {
          const parsed = socketAddress.safeParse(local);
          // A listener on a pipe has no port.
          if (!parsed.success) return [];
          const { address: host, port_value: port } = parsed.data.socket_address;
          return [{ name: status.name, address: host, port }];
        }),
      );
    },
  };
}

/** Reads the text form of `/stats`: `name: integer`. Text and histogram values are left out. */
export function readStats(text: string): ReadonlyMap<string, number> {
  const stats = new Map<string, number>();
  for (const line of text.split("\n")) {
    const match = /^(.+): (-?\d+)$/.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined) stats.set(match[1], Number(match[2]));
  }
  return stats;
}

function fetchText(url: URL, method = "GET"): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const call = request(url, { method, agent: false, timeout: TIMEOUT_MS }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      response.on("error", reject);
    });
    call.on("timeout", () => call.destroy(new Error(`${url.href}: no answer within ${TIMEOUT_MS} ms`)));
    call.on("error", reject);
    call.end();
  });
}
