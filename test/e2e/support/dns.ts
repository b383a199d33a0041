import { createSocket } from "node:dgram";

/** A server of names on a free UDP port, which knows addresses of IPv4 and nothing else. */
export interface Names {
  readonly port: number;
  /** From now on a name has these addresses, in this order. */
  has(name: string, ...addresses: string[]): void;
  /** Questions for addresses of IPv4 so far. */
  asked(): number;
  close(): Promise<void>;
}

const TYPE_A = 1;
const [NO_ERROR, NO_SUCH_NAME] = [0, 3];

/** RFC 1035, section 4: one question, and its answers without time to live, so that each is asked for again. */
export async function startNames(): Promise<Names> {
  const known = new Map<string, readonly string[]>();
  let asked = 0;
  const socket = createSocket("udp4");
  socket.on("message", (query, from) => {
    const { name, type, end } = questionOf(query);
    if (type === TYPE_A) asked++;
    const addresses = type === TYPE_A ? (known.get(name) ?? []) : [];
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    // An answer, with recursion wanted and had.
    head.writeUInt16BE(0x8180 | (known.has(name) ? NO_ERROR : NO_SUCH_NAME), 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(addresses.length, 6);
    socket.send(Buffer.concat([head, query.subarray(12, end), ...addresses.map(answerOf)]), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return {
    port: socket.address().port,
    has: (name, ...addresses) => void known.set(name, addresses),
    asked: () => asked,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join(".").toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function answerOf(address: string): Buffer {
  // The name of the question, by its offset.
  const record = Buffer.from([0xc0, 12, 0, TYPE_A, 0, 1, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0]);
  for (const [index, part] of address.split(".").entries()) record[12 + index] = Number(part);
  return record;
}
