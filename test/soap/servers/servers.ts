import { type ChildProcess, spawn } from "node:child_process";
import { delimiter } from "node:path";
import { endWithParent } from "../../../compiler/runtime/children.js";
import { request } from "../../support/http.js";
import { prepareCxf, prepareSpyne } from "./prepare.js";

/** A SOAP stack that is none of ours, in a process of its own, on a free port of 127.0.0.1. */
export interface SoapServer {
  readonly port: number;
  /** Without a path. */
  readonly url: string;
  /** The WSDL of a path, as the stack makes it. */
  wsdl(path: string): Promise<string>;
  /** Posts a text and gives the whole answer, whatever its status. */
  post(path: string, envelope: string, contentType?: string): Promise<{ status: number; text: string }>;
  stop(): Promise<void>;
}

/** What tests need when they start a stack: the first time it is fetched and built. Milliseconds. */
export const START_TIMEOUT_MS = 10 * 60_000;

/** SOAP 1.1 at /crm, SOAP 1.2 at /crm12. */
export async function startSpyne(): Promise<SoapServer> {
  const { python, packages, script } = await prepareSpyne();
  const path = [packages, process.env.PYTHONPATH ?? ""].filter((part) => part !== "").join(delimiter);
  // The order of the types in its WSDL is that of a table of hashes.
  return start(python, [script], { PYTHONPATH: path, PYTHONHASHSEED: "0", PYTHONDONTWRITEBYTECODE: "1" });
}

/** The paths of `CXF_PATHS`. */
export async function startCxf(): Promise<SoapServer> {
  const classPath = await prepareCxf();
  return start("java", ["-XX:TieredStopAtLevel=1", "-Xmx256m", "-cp", classPath, "crm.Main"], {});
}

/** Who may call `/secured/text` and `/secured/digest` of CXF. */
export const CXF_USER = { user: "sluice", password: "s3cret & <more>" };

/** Both end when their standard input does, and say on which port they listen once they do. */
async function start(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<SoapServer> {
  const child = spawn(file, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...env } });
  endWithParent(child);
  const port = await firstLine(child, file);
  const url = `http://127.0.0.1:${port}`;
  return {
    port,
    url,
    wsdl: async (path) => {
      const reply = await request(`${url}${path}?wsdl`);
      if (reply.status !== 200) throw new Error(`${path}?wsdl: ${reply.status} ${reply.text}`);
      return reply.text;
    },
    post: (path, envelope, contentType = "text/xml; charset=utf-8") =>
      request(`${url}${path}`, { method: "POST", headers: { "content-type": contentType }, body: envelope }),
    stop: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve();
        child.once("close", () => resolve());
        child.stdin?.end();
      }),
  };
}

function firstLine(child: ChildProcess, file: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let [said, complained] = ["", ""];
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      complained = `${complained}${text}`.slice(-10_000);
    });
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (said.includes("\n")) resolve(Number.parseInt(said, 10));
    });
    child.once("error", reject);
    child.once("close", (code) => reject(new Error(`${file} ended with ${code}:\n${complained}`)));
  });
}
