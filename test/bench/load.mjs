/*
 * The load generator: a process of its own, told by its parent what to send. A fixed number of keep-alive
 * connections, each with one request at a time.
 *
 * in:  { port, requests: string[] (latin1), connections, milliseconds }
 * out: { answers, milliseconds, statuses: { [status]: count } }, once every request that was sent is answered
 */
import { connect } from "node:net";

const DEADLINE_MS = 10_000;
const HEAD_END = Buffer.from("\r\n\r\n");

process.on("message", (job) => {
  run(job).then(
    (result) => process.send?.(result),
    (error) => process.send?.({ error: error.message }),
  );
});
process.on("disconnect", () => process.exit(0));

async function run({ port, requests, connections, milliseconds }) {
  const bytes = requests.map((text) => Buffer.from(text, "latin1"));
  const shared = { next: 0, answers: 0, statuses: {}, bytes, running: true };
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  const began = performance.now();
  const done = Promise.all(sockets.map((socket) => keepAsking(socket, shared)));
  const stop = setTimeout(() => {
    shared.running = false;
  }, milliseconds);
  const late = new Promise((_, reject) => {
    shared.deadline = setTimeout(() => reject(new Error("an answer did not come in time")), milliseconds + DEADLINE_MS);
  });
  try {
    await Promise.race([done, late]);
  } finally {
    clearTimeout(stop);
    clearTimeout(shared.deadline);
    for (const socket of sockets) socket.destroy();
  }
  return { answers: shared.answers, milliseconds: performance.now() - began, statuses: shared.statuses };
}

function open(port) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    socket.once("connect", () => resolve(socket));
    socket.once("error", reject);
  });
}

/** Sends on one connection until the time is up; resolves after the last answer. */
function keepAsking(socket, shared) {
  return new Promise((resolve, reject) => {
    let pending = Buffer.alloc(0);
    const ask = () => {
      socket.write(shared.bytes[shared.next]);
      shared.next = (shared.next + 1) % shared.bytes.length;
    };
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the connection was closed")));
    socket.on("data", (chunk) => {
      const data = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      if (!isComplete(data)) {
        pending = data;
        return;
      }
      pending = Buffer.alloc(0);
      const status = data.latin1Slice(9, 12);
      shared.statuses[status] = (shared.statuses[status] ?? 0) + 1;
      shared.answers += 1;
      if (shared.running) ask();
      else resolve();
    });
    ask();
  });
}

/** Whether one whole answer with a content length is there; answers of the variants always have one. */
function isComplete(data) {
  const end = data.indexOf(HEAD_END);
  if (end < 0) return false;
  const field = data.indexOf("content-length: ", 0, "latin1");
  if (field < 0 || field > end) return true;
  return data.length >= end + 4 + Number.parseInt(data.latin1Slice(field + 16, end), 10);
}
