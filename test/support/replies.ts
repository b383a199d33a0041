/** Of the same proxy, from several tests: as many as one file may be answered. */
const MOST_BYTES = 64 << 20;

/** What clients were answered since somebody began to look, for the functions of `http.ts`. */
export class Replies {
  private readonly texts: string[] = [];
  private bytes = 0;
  private readonly ports: ReadonlySet<number>;

  constructor(ports: Iterable<number>) {
    this.ports = new Set(ports);
  }

  /** Headers and bodies, one behind the other. */
  text(): string {
    return this.texts.join("\n");
  }

  /** Whether there were more than are kept. */
  get truncated(): boolean {
    return this.bytes > MOST_BYTES;
  }

  keep(port: number, text: string): void {
    if (!this.ports.has(port) || this.truncated) return;
    this.bytes += text.length;
    this.texts.push(text);
  }
}

const watching: Replies[] = [];

/** Begins to keep what is answered on these ports. */
export function watchReplies(ports: Iterable<number>): Replies {
  const replies = new Replies(ports);
  watching.push(replies);
  return replies;
}

/** To be called of each reply; `head` is its headers, by name and value in turn. */
export function keepReply(port: number, head: readonly string[], body: Uint8Array): void {
  if (watching.length === 0) return;
  const text = `${head.join("\n")}\n\n${Buffer.from(body).toString("latin1")}`;
  for (const replies of watching) replies.keep(port, text);
}
