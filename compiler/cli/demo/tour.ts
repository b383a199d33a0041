import { setTimeout as delay } from "node:timers/promises";

export interface TourOptions {
  /** Base URL of the listener. */
  url: string;
  /** Keys by the environment variable that the policy names. */
  keys: Readonly<Record<string, string>>;
  /** The line of the access log about a request, by its number from 0; undefined as long as there is none. */
  logged: (number: number) => Promise<string | undefined>;
}

/** One request of the tour, and the status that it must get. */
export interface Stop {
  title: string;
  method: string;
  path: string;
  headers: Record<string, string>;
  /** How often the same request is sent before the one that counts. */
  before?: number;
  status: number;
}

interface Answer {
  status: number;
  headers: Headers;
  body: string;
}

/** The requests of the tour, in order: limits count what came before. */
export function stopsOf(keys: TourOptions["keys"]): Stop[] {
  const acme = { "x-api-key": keys.ACME_KEY ?? "" };
  const globex = { "x-api-key": keys.GLOBEX_KEY ?? "" };
  return [
    { title: "a stranger", method: "GET", path: "/orders/7", headers: {}, status: 401 },
    {
      title: "acme, who also claims to be root",
      method: "GET",
      path: "/orders/7",
      headers: { ...acme, "x-consumer": "root" },
      status: 200,
    },
    { title: "globex writes on the free tier", method: "POST", path: "/orders", headers: globex, status: 403 },
    { title: "globex is not in finance", method: "GET", path: "/reports/q3", headers: globex, status: 403 },
    {
      title: "globex asks a sixth time within a minute",
      method: "GET",
      path: "/orders/7",
      headers: globex,
      before: 5,
      status: 429,
    },
    { title: "a method that the path does not have", method: "DELETE", path: "/healthz", headers: {}, status: 405 },
  ];
}

/** Sends a handful of requests and prints each with its answer and the policy that decided. True if all went as said. */
export async function tour({ url, keys, logged }: TourOptions): Promise<boolean> {
  let sent = 0;
  let sound = true;
  for (const stop of stopsOf(keys)) {
    for (let i = 0; i < (stop.before ?? 0); i++, sent++) await send(url, stop);
    const answer = await send(url, stop);
    const decision = await decisionOf(logged, sent++);
    process.stdout.write(describe(stop, answer, decision));
    if (answer.status !== stop.status) {
      sound = false;
      process.stdout.write(`  expected ${stop.status}\n`);
    }
  }
  return sound;
}

async function send(url: string, { method, path, headers }: Stop): Promise<Answer> {
  const response = await fetch(`${url}${path}`, { method, headers, signal: AbortSignal.timeout(10_000) });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

function describe(stop: Stop, answer: Answer, decision: string): string {
  const headers = Object.entries(stop.headers).map(([name, value]) => ` ${name}: ${value}`);
  const notes = ["www-authenticate", "retry-after", "ratelimit", "allow"].flatMap((name) => {
    const value = answer.headers.get(name);
    return value === null ? [] : [`    ${name}: ${value}\n`];
  });
  const seen = seenByService(answer);
  return [
    `${stop.title}\n`,
    `  ${stop.method} ${stop.path}${headers.join("")}\n`,
    `  ${answer.status}, decided by ${decision}\n`,
    ...notes,
    ...(seen === undefined ? [] : [`    the service saw ${seen}\n`]),
    "\n",
  ].join("");
}

/** Identity headers of the request that the service got, and whether the credential reached it. */
function seenByService(answer: Answer): string | undefined {
  if (answer.status !== 200 || answer.headers.get("content-type") !== "application/json") return undefined;
  const received: unknown = JSON.parse(answer.body);
  if (typeof received !== "object" || received === null || !("headers" in received)) return undefined;
  const headers = received.headers;
  if (typeof headers !== "object" || headers === null) return undefined;
  const identity = Object.entries(headers).filter(([name]) => name.startsWith("x-consumer"));
  const credential = "x-api-key" in headers ? "the key too" : "no x-api-key";
  return [...identity.map(([name, value]) => `${name}: ${value}`), credential].join(", ");
}

/** The decision of the request with this number, once its line is written. */
async function decisionOf(logged: TourOptions["logged"], number: number): Promise<string> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const line = await logged(number);
    if (line !== undefined) return format(line);
    await delay(10);
  }
  return "(no line in the access log)";
}

function format(line: string): string {
  const entry: unknown = JSON.parse(line);
  if (typeof entry !== "object" || entry === null || !("decision" in entry) || typeof entry.decision !== "string")
    return "Envoy, before any policy";
  const [policy = "", outcome = "", reason = ""] = entry.decision.split(" ");
  if (reason === "no-policy") return "the route alone, which runs no policy";
  return `${policy} (${[outcome, reason].filter((part) => part !== "").join(": ")})`;
}
