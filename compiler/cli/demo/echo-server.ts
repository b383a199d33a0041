import { createServer } from "node:http";

/** A small service that answers with what it received. */
export interface EchoServer {
  name: string;
  port: number;
  close(): Promise<void>;
}

/** Starts a server on a free loopback port whose answers are JSON: `{ service, method, path, headers }`. */
export async function echoServer(name: string): Promise<EchoServer> {
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      const body = JSON.stringify({
        service: name,
        method: request.method,
        path: request.url,
        headers: request.headers,
      });
      response.writeHead(200, { "content-type": "application/json" }).end(`${body}\n`);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error(`the server of ${name} has no port`);
  return {
    name,
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
