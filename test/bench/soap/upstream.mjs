/*
 * A SOAP service that always says the same, as cheaply as Node can: a process of its own.
 *
 * in:  { response } once, the answer to everything; { last: true } later
 * out: { port }; { request: string }, the latest head and body that it was asked with
 */
import { createServer } from "node:net";

const HEAD_END = Buffer.from("\r\n\r\n");
const LENGTH = /\r\ncontent-length: *(\d+)/i;

let answer = Buffer.alloc(0);
let latest = Buffer.alloc(0);

const server = createServer({ noDelay: true }, (socket) => {
  let pending = Buffer.alloc(0);
  // How many bytes the request has that is coming in; not known before its head is there.
  let size = 0;
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    if (size === 0) {
      const end = pending.indexOf(HEAD_END);
      if (end < 0) return;
      size = end + HEAD_END.length + Number(LENGTH.exec(pending.latin1Slice(0, end))?.[1] ?? 0);
    }
    if (pending.length < size) return;
    latest = pending;
    pending = Buffer.alloc(0);
    size = 0;
    socket.write(answer);
  });
});

process.on("message", (message) => {
  if (message.last) {
    process.send({ request: latest.toString("utf8") });
    return;
  }
  const body = Buffer.from(message.response);
  const head = `HTTP/1.1 200 OK\r\ncontent-type: text/xml; charset=utf-8\r\ncontent-length: ${body.length}\r\n\r\n`;
  answer = Buffer.concat([Buffer.from(head), body]);
  server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
});
process.on("disconnect", () => process.exit(0));
