import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { EnvironmentError, UsageError } from "./exit.js";
import { isZipkinServer, spansFrom } from "./trace-store.js";

const SPANS = JSON.stringify([{ traceId: "463ac35c9f6413ad48485a3953bb6124", id: "00000000000000a1" }]);
const QUERY = { lookbackMs: 900_000, limit: 7 };
const MIB = 1024 * 1024;

let answer: (request: IncomingMessage, response: ServerResponse) => void;
let asked: IncomingMessage[] = [];
const server = createServer((request, response) => {
  asked.push(request);
  answer(request, response);
});
let port = 0;
let folder = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sluice-traces-"));
  port = await listening(server);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  asked = [];
  answer = (_, response) => response.end(SPANS);
});

function listening(one: typeof server): Promise<number> {
  return new Promise((resolve) => {
    one.listen(0, "127.0.0.1", () => {
      const address: AddressInfo | string | null = one.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

async function failure(source: string): Promise<Error> {
  const error: unknown = await spansFrom(source, QUERY).catch((reason: unknown) => reason);
  if (error instanceof Error) return error;
  throw new Error(`${source}: spans were read`);
}

describe("a store is asked", () => {
  it.each([
    ["", "/api/v2/traces?lookback=900000&limit=7"],
    ["/", "/api/v2/traces?lookback=900000&limit=7"],
    ["/zipkin/", "/zipkin/api/v2/traces?lookback=900000&limit=7"],
    ["/api/v2/traces?serviceName=shop", "/api/v2/traces?serviceName=shop"],
    ["/traces.json", "/traces.json"],
    ["/?all=1", "/?all=1"],
  ])("at %j by %s", async (path, target) => {
    const source = `http://127.0.0.1:${port}${path}`;
    expect(await spansFrom(source, QUERY)).toHaveLength(1);
    expect(asked.map(({ url }) => url)).toEqual([target]);
    expect(isZipkinServer(source)).toBe(target.includes("limit=7"));
  });

  it("with the user of its URL", async () => {
    await spansFrom(`http://me:p%40ss%@127.0.0.1:${port}/`, QUERY);
    const credentials = Buffer.from("me:p@ss%").toString("base64");
    expect(asked[0]?.headers.authorization).toBe(`Basic ${credentials}`);
    await spansFrom(`http://127.0.0.1:${port}/`, QUERY);
    expect(asked[1]?.headers).not.toHaveProperty("authorization");
  });

  it("by the name of a file", async () => {
    const path = join(folder, "spans.json");
    writeFileSync(path, SPANS);
    expect(await spansFrom(path, QUERY)).toHaveLength(1);
    expect(isZipkinServer(path)).toBe(false);
  });
});

describe("a URL that cannot be asked is a fault of the call", () => {
  it.each(["ftp://127.0.0.1/spans", "http://", "http://host:port/"])("%s", async (source) => {
    const error = await failure(source);
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toBe("--traces needs a URL that begins with http:// or https://, or a file");
  });
});

describe("a store that has no spans to give is told with the reason, and nothing of a secret", () => {
  const source = () => `http://me:hunter2@127.0.0.1:${port}/spans?token=hunter2`;
  const where = () => `http://127.0.0.1:${port}/spans`;

  async function reason(): Promise<string> {
    const error = await failure(source());
    expect(error).toBeInstanceOf(EnvironmentError);
    expect(error.message).not.toContain("hunter2");
    expect(error.message.startsWith(`${where()}: `)).toBe(true);
    return error.message.slice(where().length + 2);
  }

  it("it refuses", async () => {
    answer = (_, response) => response.writeHead(401).end("hunter2");
    expect(await reason()).toBe("it answered 401");
  });

  it.each([
    ["hunter2", "no spans that can be read: it is no JSON"],
    ["", "no spans that can be read: it is empty"],
    [
      '[{"traceId":"hunter2"}]',
      "no spans that can be read: [0].traceId: 16 or 32 lower-case hexadecimal digits are needed",
    ],
    [
      '[{"traceId":"463ac35c9f6413ad48485a3953bb6124","id":"00000000000000a1","tags":{"a\u009b2J":7}}]',
      'no spans that can be read: [0].tags["a\\u{9b}2J"]: Invalid input: expected string, received number',
    ],
    ['{"error":"hunter2"}', "no spans that can be read: the document: `resourceSpans` is needed, or `batches`"],
  ])("it says %j", async (text, wanted) => {
    answer = (_, response) => response.end(text);
    expect(await reason()).toContain(wanted);
  });

  it("it never ends", async () => {
    answer = (_, response) => {
      const more = () => {
        while (response.write(Buffer.alloc(MIB, " ")));
      };
      response.on("drain", more);
      more();
    };
    expect(await reason()).toBe("more than 64 MiB; ask for fewer traces");
  });

  it("it is silent", async () => {
    const real = AbortSignal.timeout.bind(AbortSignal);
    const timeout = vi.spyOn(AbortSignal, "timeout").mockImplementation(() => real(1));
    answer = () => {};
    expect(await reason()).toBe("no whole answer in 30 s");
    expect(timeout).toHaveBeenCalledWith(30_000);
    timeout.mockRestore();
  });

  it("it hangs up", async () => {
    answer = (request) => request.socket.destroy();
    expect(await reason()).toMatch(/^it cannot be asked: \S+/);
  });

  it("nobody is there", async () => {
    const nobody = createServer();
    const free = await listening(nobody);
    await new Promise((resolve) => nobody.close(resolve));
    const error = await failure(`http://127.0.0.1:${free}/`);
    expect(error).toBeInstanceOf(EnvironmentError);
    expect(error.message).toBe(
      `http://127.0.0.1:${free}/api/v2/traces: it cannot be asked: connect ECONNREFUSED 127.0.0.1:${free}`,
    );
  });
});

describe("a file that has no spans is told with the reason", () => {
  it.each([
    ["nothing.json", undefined, "no such file"],
    [".", undefined, "not a file"],
    ["text.json", "hunter2", "no spans that can be read: it is no JSON"],
  ])("%s", async (name, text, wanted) => {
    const path = join(folder, name);
    if (text !== undefined) writeFileSync(path, text);
    const error = await failure(path);
    expect(error).toBeInstanceOf(EnvironmentError);
    expect(error.message).toContain(`${path}: ${wanted}`);
    expect(error.message).not.toContain("hunter2");
  });

  it("it is too large", async () => {
    const path = join(folder, "large.json");
    writeFileSync(path, "");
    truncateSync(path, 64 * MIB + 1);
    expect((await failure(path)).message).toBe(`${path}: more than 64 MiB; ask for fewer traces`);
  });
});
