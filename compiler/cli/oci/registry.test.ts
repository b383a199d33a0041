import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sha256 } from "../../wasm/verify.js";
import type { Credentials } from "./credentials.js";
import { type Repository, repositoryOf } from "./registry.js";

/** A registry and whoever gives tokens for it, as the test writes them; test/e2e/module-images.test.ts has a real one. */
let respond: (request: IncomingMessage, body: string, response: ServerResponse) => void;
const seen: string[] = [];
const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8").on("data", (part: string) => {
    body += part;
  });
  request.on("end", () => {
    seen.push(`${request.method} ${request.url} ${request.headers.authorization ?? "-"}`);
    respond(request, body, response);
  });
});

let host = "";
beforeEach(async () => {
  seen.length = 0;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address: AddressInfo | string | null = server.address();
  host = typeof address === "object" && address !== null ? `127.0.0.1:${address.port}` : "";
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function repository(credentials?: Credentials, more: { plainHttp?: boolean; push?: boolean } = {}): Repository {
  return repositoryOf(
    { registry: host, repository: "sluice/guard" },
    { plainHttp: true, push: true, accept: ["a/b"], ...more, ...(credentials === undefined ? {} : { credentials }) },
  );
}

const ANN: Credentials = { kind: "password", username: "ann", password: "secret-7" };
const BASIC = `Basic ${Buffer.from("ann:secret-7").toString("base64")}`;
const BLOB = Buffer.from("blob");
const DIGEST = `sha256:${sha256(BLOB)}`;

describe("what is asked for without a name", () => {
  it("is answered by a token that anybody gets, if there are no credentials", async () => {
    respond = (request, _, response) => {
      if (request.url?.startsWith("/tokens")) return response.end(JSON.stringify({ access_token: "t-1" }));
      if (request.headers.authorization === "Bearer t-1") return response.end(BLOB);
      const challenge = `Bearer realm="http://${host}/tokens?x=1",service="me"`;
      return response.writeHead(401, { "www-authenticate": challenge }).end();
    };
    const readable = repository(undefined, { push: false });
    expect(Buffer.from((await readable.blob(DIGEST)) ?? [])).toEqual(BLOB);
    expect(await readable.blob(DIGEST)).toBeDefined();
    expect(seen).toEqual([
      `GET /v2/sluice/guard/blobs/${DIGEST} -`,
      "GET /tokens?x=1&scope=repository%3Asluice%2Fguard%3Apull&service=me -",
      `GET /v2/sluice/guard/blobs/${DIGEST} Bearer t-1`,
      `GET /v2/sluice/guard/blobs/${DIGEST} Bearer t-1`,
    ]);
  });
});

describe("credentials", () => {
  it("are shown where the registry asks for them, and to whoever gives tokens", async () => {
    respond = (request, _, response) => {
      const { authorization } = request.headers;
      if (request.url?.startsWith("/tokens"))
        return response.writeHead(authorization === BASIC ? 200 : 401).end('{"token":"t-1"}');
      if (authorization === "Bearer t-1") return response.writeHead(200).end();
      return response.writeHead(401, { "www-authenticate": `Bearer realm="http://${host}/tokens"` }).end();
    };
    expect(await repository(ANN).pushBlob(DIGEST, BLOB)).toBe(false);
    expect(seen[1]).toBe(`GET /tokens?scope=repository%3Asluice%2Fguard%3Apull%2Cpush ${BASIC}`);
  });

  it("of a long life are exchanged for a token", async () => {
    let sent = "";
    respond = (request, body, response) => {
      if (request.url === "/tokens") {
        sent = body;
        return response.end('{"access_token":"t-2"}');
      }
      if (request.headers.authorization === "Bearer t-2") return response.writeHead(200).end();
      return response.writeHead(401, { "www-authenticate": `Bearer realm="http://${host}/tokens",service="me"` }).end();
    };
    await repository({ kind: "identity", token: "secret-7" }).pushBlob(DIGEST, BLOB);
    expect(Object.fromEntries(new URLSearchParams(sent))).toEqual({
      grant_type: "refresh_token",
      client_id: "sluice",
      refresh_token: "secret-7",
      scope: "repository:sluice/guard:pull,push",
      service: "me",
    });
  });

  it("do not go along to where an upload or an answer is sent", async () => {
    const elsewhere: string[] = [];
    const other = createServer((request, response) => {
      elsewhere.push(`${request.method} ${request.headers.authorization ?? "-"}`);
      request.resume().on("end", () => response.writeHead(request.method === "PUT" ? 201 : 200).end(BLOB));
    });
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const address = other.address();
    const there = typeof address === "object" && address !== null ? `http://127.0.0.1:${address.port}/x` : "";
    respond = (request, _, response) => {
      if (request.headers.authorization === undefined)
        return response.writeHead(401, { "www-authenticate": "Basic" }).end();
      if (request.method === "HEAD") return response.writeHead(404).end();
      return response.writeHead(request.method === "POST" ? 202 : 307, { location: there }).end();
    };
    try {
      expect(await repository(ANN).pushBlob(DIGEST, BLOB)).toBe(true);
      await repository(ANN).blob(DIGEST);
    } finally {
      other.closeAllConnections();
      await new Promise((resolve) => other.close(resolve));
    }
    expect(elsewhere).toEqual(["PUT -", "GET -"]);
  });

  it("are not sent in the clear to another machine", async () => {
    const reference = { registry: "registry.example.com", repository: "guard" };
    expect(() => repositoryOf(reference, { plainHttp: true, push: true, accept: [], credentials: ANN })).toThrow(
      "without TLS everybody on the way to registry.example.com could read the credentials for it; leave out --plain-http, or run `docker logout registry.example.com`",
    );
    respond = (_request, _, response) =>
      response.writeHead(401, { "www-authenticate": 'Bearer realm="http://tokens.example.com/t"' }).end();
    await expect(repository(ANN).pushBlob(DIGEST, BLOB)).rejects.toThrow(
      `${host} has tokens given at http://tokens.example.com, without TLS; the credentials for it were not sent`,
    );
  });
});

describe("a registry that refuses", () => {
  const upload = async () => {
    const error = await repository(ANN)
      .pushBlob(DIGEST, BLOB)
      .catch((reason: unknown) => reason);
    const message = error instanceof Error ? error.message : "";
    expect(message).not.toMatch(/secret-7|YW5uOnNlY3JldC03/);
    return message.replaceAll(host, "HOST");
  };

  it.each([
    [
      401,
      { "www-authenticate": "Basic" },
      "",
      "HOST takes no upload to sluice/guard (status 401); sign in by `docker login HOST`, and see that DOCKER_CONFIG names the folder of its file if it is not ~/.docker",
    ],
    [
      403,
      {},
      '{"errors":[{"code":"DENIED","message":"no\\u001b[31m"}]}',
      "HOST takes no upload to sluice/guard (status 403): DENIED: no\\u{1b}[31m; whoever is signed in may not do that",
    ],
    [
      404,
      {},
      "<html>",
      "HOST takes no upload to sluice/guard (status 404); see whether the repository has to be made first, and whether the registry is at this address",
    ],
    [
      429,
      {},
      "",
      "HOST takes no upload to sluice/guard (status 429); try again later, as what is there already is not sent twice",
    ],
    [202, {}, "", "HOST takes no upload to sluice/guard (status 202)"],
  ])("by %i is quoted, with what to do", async (status, headers, body, message) => {
    respond = (request, _, response) =>
      response.writeHead(request.method === "HEAD" ? 404 : status, { ...headers }).end(body);
    expect(await upload()).toBe(message);
  });

  it("to give a token says where", async () => {
    respond = (request, _, response) =>
      request.url?.startsWith("/tokens")
        ? response.writeHead(500).end()
        : response.writeHead(401, { "www-authenticate": `Bearer realm="http://${host}/tokens"` }).end();
    expect(await upload()).toBe("http://HOST, where HOST has tokens given, gave none (status 500)");
    respond = (_request, _, response) =>
      response.writeHead(401, { "www-authenticate": 'Bearer realm="file:///etc/passwd"' }).end();
    expect(await upload()).toBe("HOST has tokens given at an address that is none of HTTP");
  });

  it("or stores something else is found out", async () => {
    respond = (_request, _, response) => response.writeHead(201, { "docker-content-digest": "sha256:other" }).end();
    await expect(repository().pushManifest("1", { mediaType: "a/b", digest: DIGEST, bytes: BLOB })).rejects.toThrow(
      `${host} has stored sha256:other in place of ${DIGEST}; it changes manifests`,
    );
  });

  it("or gives too much is not read to its end", async () => {
    respond = (_request, _, response) => response.end(Buffer.alloc(4 * 1024 * 1024 + 1));
    await expect(repository().manifest("1")).rejects.toThrow(`${host} gives more than 4 MiB, which no fetcher reads`);
  });

  it("or is not there, or speaks no TLS, or another one, is told in one line", async () => {
    respond = (_request, _, response) => response.end();
    const tls = repository(undefined, { plainHttp: false });
    await expect(tls.blob(DIGEST)).rejects.toThrow(
      `${host} cannot be asked: it does not speak TLS; if it is on this machine or in a network of yours, add --plain-http`,
    );
    respond = (request) => request.socket.destroy();
    await expect(repository().blob(DIGEST)).rejects.toThrow(`${host} cannot be asked: other side closed`);
    respond = (_request, _, response) => {
      response.writeHead(200, { "content-length": "100" }).write("x");
      response.socket?.end();
    };
    await expect(repository().blob(DIGEST)).rejects.toThrow(/cannot be asked|ended in the middle of an answer/);
  });
});
