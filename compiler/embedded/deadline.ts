import type { HeaderMap } from "../host/header-map.js";
import { isGrpcRequest } from "../host/local-reply.js";
import type { ForwardAction } from "../plan/plan.js";

const HEADER = "grpc-timeout";

/** Units of `grpc-timeout` in milliseconds. */
const UNITS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 0.001, n: 0.000_001 };

/** As many digits as the header may have (the protocol of gRPC over HTTP/2). */
const MOST = 99_999_999;

/** Envoy tells the service how long a call of gRPC may take at most: what the client says, bounded by the route (seen on 1.40). */
export function writeDeadline(headers: HeaderMap, calls: ForwardAction["calls"]): void {
  if (calls === undefined || !isGrpcRequest(headers)) return;
  const said = millisecondsOf(headers.get(HEADER));
  const most = calls.mostMs === 0 ? Number.POSITIVE_INFINITY : calls.mostMs;
  const deadline = Math.min(said ?? Number.POSITIVE_INFINITY, most);
  if (Number.isFinite(deadline)) headers.replace(HEADER, deadlineText(deadline));
}

/** Undefined for what is no deadline; Envoy takes one with too many digits for none left. */
function millisecondsOf(text: string | undefined): number | undefined {
  const [, digits = "", unit = ""] = /^([0-9]+) *([HMSmun])$/.exec(text ?? "") ?? [];
  if (digits === "") return undefined;
  return Number(digits) > MOST ? 0 : Math.ceil(Number(digits) * (UNITS[unit] ?? 0));
}

/** In the smallest unit from milliseconds on that has digits enough. */
function deadlineText(milliseconds: number): string {
  const steps = [
    [1_000, "S"],
    [60, "M"],
    [60, "H"],
  ] as const;
  let [time, unit]: [number, string] = [milliseconds, "m"];
  for (const [factor, next] of steps) {
    if (time <= MOST) break;
    [time, unit] = [Math.floor(time / factor), next];
  }
  return `${time}${unit}`;
}
