import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../../compiler/cli/files.js";
import { type Gateway, serve } from "../../e2e/support/serve.js";
import type { Reply } from "../../support/http.js";
import { wsdlFile } from "../fixtures.js";

/** REST clients on one side, a SOAP service on the other, and a real Envoy between. */
export interface Bridge {
  readonly gateway: Gateway;
  /** Sends a request; a value as JSON, a text as it is. */
  call(line: `${string} ${string}`, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  /** How many requests the service got because of a call. */
  asked(call: () => Promise<unknown>): Promise<number>;
  stop(): Promise<void>;
}

export interface BridgeOptions {
  /** Text of the WSDL, whose address gives the path at the service. */
  wsdl: string;
  /** The members of `soap` but `wsdl`. */
  soap: Readonly<Record<string, unknown>>;
  /** Of the service on 127.0.0.1; a stand-in is started without. */
  port?: number;
  env?: Readonly<Record<string, string>>;
  workers?: number;
  /** How long the service may take; a stack of Java that was just started takes seconds for its first answer. */
  timeout?: string;
}

export async function startBridge({
  wsdl,
  soap,
  port,
  env = {},
  workers = 1,
  timeout = "30s",
}: BridgeOptions): Promise<Bridge> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-soap-"));
  const policy = {
    apiVersion: "sluice/v1",
    kind: "Gateway",
    name: "bridge",
    listeners: { public: { address: "127.0.0.1:0" } },
    services: { crm: { endpoints: ["127.0.0.1:9010"] } },
    policies: { crm: { soap: { wsdl: "./service.wsdl", ...soap } } },
    routes: [{ name: "all", match: { path: "/**" }, to: "crm", timeout, apply: ["crm"] }],
  };
  await writeFile(join(folder, "service.wsdl"), wsdl);
  const file = join(folder, "policy.yaml");
  // JSON is YAML.
  await writeFile(file, JSON.stringify(policy, undefined, 2));
  const ports = port === undefined ? {} : { ports: { crm: port } };
  const gateway = await serve(file, { ...ports, env, concurrency: workers }).catch(async (error: unknown) => {
    await rm(folder, { recursive: true });
    throw error;
  });
  const total = async () => {
    const stats = await gateway.envoy.admin.stats("^cluster\\..*crm.*\\.upstream_rq_total$");
    return [...stats.values()].reduce((sum, value) => sum + value, 0);
  };
  return {
    gateway,
    call(line, body, headers = {}) {
      const [method = "", path = ""] = line.split(" ");
      const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
      return gateway.send(path, {
        method,
        headers: { ...(text === undefined ? {} : bodyHeaders(text)), ...headers },
        ...(text === undefined ? {} : { body: text }),
      });
    },
    async asked(call) {
      const before = await total();
      await call();
      return (await total()) - before;
    },
    async stop() {
      await gateway.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Node gives a body of DELETE no length by itself. */
function bodyHeaders(text: string): Record<string, string> {
  return { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)) };
}

/** The WSDL of a path of a stack, as it is kept. */
export function keptWsdl(stack: "spyne" | "cxf", path: string): Promise<string> {
  return readFile(join(packageRoot(), wsdlFile(stack, path)), "utf8");
}

/** What no client may ever see of a service: hosts, passwords, code, names of stacks. */
export const INTERNAL =
  /crm-db|hunter2|traceback|stacktrace|exception|\.java|\.py|apache|cxf|spyne|127\.0\.0\.1|faultcode|<|urn:/i;

/** What a client is told, for comparing. */
export function told({ status, headers, text }: Reply) {
  return { status, type: headers["content-type"], body: text === "" ? undefined : JSON.parse(text) };
}
