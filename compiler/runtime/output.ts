/** The latest part of what a process wrote, bounded. Positions count all characters ever written. */
export class OutputTail {
  private kept = "";
  private dropped = 0;
  private readonly limit: number;

  /** @param limit characters kept at most (a little more for a moment) */
  constructor(limit: number) {
    this.limit = limit;
  }

  append(text: string): void {
    this.kept += text;
    // Cut seldom: each cut copies what stays.
    if (this.kept.length <= this.limit * 1.25) return;
    const surplus = this.kept.length - this.limit;
    this.kept = this.kept.slice(surplus);
    this.dropped += surplus;
  }

  /** The position after the last character. */
  get end(): number {
    return this.dropped + this.kept.length;
  }

  /** True if the first part has been dropped: then an absence in `text()` proves nothing. */
  get truncated(): boolean {
    return this.dropped > 0;
  }

  /** What was written from a position on, as far as it is kept. */
  text(from = 0): string {
    return this.kept.slice(Math.max(0, from - this.dropped));
  }
}

/** Longest finding shown, in characters: Envoy repeats whole configurations in its messages. */
const FINDING_LIMIT = 600;
const LINE = /^\[[^\]]*\]\[\d+\]\[(\w+)\]\[(\w+)\] \[[^\]]*\] (.*)$/s;

/**
 * The lines of an Envoy log (default `--log-format`) that say why a configuration was refused, each once, without their
 * prefix: first what Wasm modules said (`root_id vm_id: message`, as far as these are set), then the errors of Envoy or of docker's command, then warnings about configuration.
 */
export function findings(log: string): string[] {
  const fromModules: string[] = [];
  const errors: string[] = [];
  const warnings: string[] = [];
  for (const entry of entries(log)) {
    // The command that runs a container says itself why there is none.
    const refusal = /^docker: (.*)$/m.exec(entry)?.[1];
    if (refusal !== undefined) errors.push(`docker: ${shorten(refusal)}`);
    const match = LINE.exec(entry);
    if (match === null) continue;
    const [, level = "", logger = "", text = ""] = match;
    const message = shorten(text);
    const serious = level === "error" || level === "critical";
    const said = /^wasm log ([^:]*): (.*)$/s.exec(message);
    if (said !== null) {
      const [, root = "", words = ""] = said;
      if (serious || level === "warning") fromModules.push(root === "" ? words : `${root}: ${words}`);
    } else if (serious) errors.push(message);
    else if (level === "warning" && (logger === "config" || logger === "upstream")) warnings.push(message);
  }
  return [...new Set([...fromModules, ...errors, ...warnings])];
}

/** A message of several lines is one entry: only its first line starts with the time. */
function entries(log: string): string[] {
  return log.split(/\n(?=\[\d{4}-\d\d-\d\d )/);
}

function shorten(message: string): string {
  const withoutDump = message.replace(/\): \{.*$/s, ")").trim();
  return withoutDump.length <= FINDING_LIMIT ? withoutDump : `${withoutDump.slice(0, FINDING_LIMIT)}…`;
}
