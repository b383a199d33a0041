/*
 * The load generator: a process of its own, told by its parent what to send. A fixed number of keep-alive connections to
 * each port, each with one request at a time.
 *
 * in:  { port, requests: string[] (latin1), connections, milliseconds, once?: true, waits?: true, perSecond?: number, numbered?: { before, after, first, count } }
 * out: { answers, milliseconds, statuses: { [status]: count } }, once every request that was sent is answered; where `waits`
 *   is asked for with { waits: { p50, p99 } }, microseconds from request to answer
 * With `once` each request is sent once, and after the last the time is up. With `numbered` each request has a number of its own between two texts (latin1), from `first` on, and after `count` of them the time is up.
 * With `perSecond` requests are due at even distances, and wait from when they are due: one that finds no connection free waits, too.
 */
import { connect } from "node:net";
import { quantile } from "./statistics.mjs";

const DEADLINE_MS = 10_000;
const HEAD_END = Buffer.from("\r\n\r\n");
const LENGTH = "content-length: ";

/** Open connections by port: opening them again each time would be measured with the requests. */
const pools = new Map();

process.on("message", (job) => {
  run(job).then(
    (result) => process.send?.(result),
    (error) => process.send?.({ error: error.message }),
  );
});
process.on("disconnect", () => process.exit(0));

async function run({
  port,
  requests = [],
  connections,
  milliseconds,
  once = false,
  waits = false,
  perSecond,
  numbered,
}) {
  const sockets = await pool(port, connections);
  const shared = {
    take: numbered === undefined ? inTurn(requests, once) : counted(numbered),
    answers: 0,
    statuses: {},
    waits: waits ? [] : undefined,
    running: true,
    pace: perSecond === undefined ? undefined : new Pace(perSecond),
  };
  const began = performance.now();
  const stop = setTimeout(() => {
    shared.running = false;
  }, milliseconds);
  let deadline;
  const late = new Promise((_, reject) => {
    deadline = setTimeout(() => reject(new Error("an answer did not come in time")), milliseconds + DEADLINE_MS);
  });
  try {
    await Promise.race([Promise.all(sockets.map((socket) => keepAsking(socket, shared))), late]);
  } finally {
    clearTimeout(stop);
    clearTimeout(deadline);
    shared.pace?.stop();
  }
  const result = { answers: shared.answers, milliseconds: performance.now() - began, statuses: shared.statuses };
  return shared.waits === undefined ? result : { ...result, waits: summaryOf(shared.waits) };
}

/** The bytes of one request after the other; after the last the first again, or nothing. */
function inTurn(requests, once) {
  const bytes = requests.map((text) => Buffer.from(text, "latin1"));
  let next = 0;
  return () => {
    const taken = bytes[next];
    next = once ? next + 1 : (next + 1) % bytes.length;
    return taken;
  };
}

/** The same with numbers; nothing after the last. */
function counted({ before, after, first, count }) {
  let next = first;
  return () => (next === first + count ? undefined : Buffer.from(`${before}${next++}${after}`, "latin1"));
}

/** @param {readonly number[]} waits milliseconds */
function summaryOf(waits) {
  const micro = (part) => quantile(waits, part) * 1e3;
  return { p50: micro(0.5), p99: micro(0.99) };
}

async function pool(port, size) {
  const open = pools.get(port) ?? [];
  while (open.length < size) open.push(await openSocket(port));
  pools.set(port, open);
  return open.slice(0, size);
}

function openSocket(port) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(socket);
    });
    socket.once("error", reject);
  });
}

/** Lets requests go when they are due. */
class Pace {
  #between;
  #due;
  #free = [];
  #turning = true;

  constructor(perSecond) {
    this.#between = 1e3 / perSecond;
    this.#due = performance.now();
    const turn = () => {
      if (!this.#turning) return;
      this.#release();
      setImmediate(turn);
    };
    setImmediate(turn);
  }

  /** @param {(due: number) => void} send when the next request is due */
  add(send) {
    this.#free.push(send);
  }

  stop() {
    this.#turning = false;
  }

  #release() {
    const now = performance.now();
    while (this.#free.length > 0 && this.#due <= now) {
      const due = this.#due;
      this.#due += this.#between;
      this.#free.shift()(due);
    }
  }
}

/** Sends on one connection until the time is up; resolves after the last answer. */
function keepAsking(socket, shared) {
  return new Promise((resolve, reject) => {
    let pending = Buffer.alloc(0);
    let asked = 0;
    const send = (due) => {
      const bytes = shared.take();
      if (bytes === undefined) {
        end();
        return;
      }
      asked = due;
      socket.write(bytes);
    };
    const ask = () => {
      if (shared.pace !== undefined) shared.pace.add(send);
      else send(shared.waits === undefined ? 0 : performance.now());
    };
    const onEnd = () => reject(new Error("the connection was closed"));
    const onData = (chunk) => {
      const data = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      if (!isComplete(data)) {
        pending = data;
        return;
      }
      pending = Buffer.alloc(0);
      const status = data.latin1Slice(9, 12);
      shared.statuses[status] = (shared.statuses[status] ?? 0) + 1;
      shared.answers += 1;
      shared.waits?.push(performance.now() - asked);
      if (shared.running) {
        ask();
        return;
      }
      end();
    };
    const end = () => {
      socket.off("data", onData).off("close", onEnd).off("error", reject);
      resolve();
    };
    socket.on("data", onData).on("close", onEnd).on("error", reject);
    ask();
  });
}

/** Whether one whole answer is there. Without a content length an answer of the variants has no body. */
function isComplete(data) {
  const end = data.indexOf(HEAD_END);
  if (end < 0) return false;
  const field = data.indexOf(LENGTH, 0, "latin1");
  if (field < 0 || field > end) return true;
  return data.length >= end + HEAD_END.length + Number.parseInt(data.latin1Slice(field + LENGTH.length, end), 10);
}
