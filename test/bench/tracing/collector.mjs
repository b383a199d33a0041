/*
 * A collector that takes whatever comes, as cheaply as Node can: a process of its own.
 *
 * in:  { total: true }
 * out: { port } once; { requests, bytes } that came so far
 */
import { createServer } from "node:http";

let requests = 0;
let bytes = 0;

const server = createServer((request, response) => {
  requests += 1;
  request.on("data", (chunk) => {
    bytes += chunk.length;
  });
  // An answer of OTLP is an empty message, or an empty object.
  const type = request.headers["content-type"] ?? "application/json";
  request.on("end", () => response.writeHead(202, { "content-type": type }).end(type.endsWith("json") ? "{}" : ""));
});

process.on("message", ({ total }) => {
  if (total) process.send({ requests, bytes });
});
process.on("disconnect", () => process.exit(0));
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
