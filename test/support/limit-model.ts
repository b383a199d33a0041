// Limits as the textbook has them, with numbers that never run over: what the module must decide, call by call.

const MILLISECOND = 1_000_000n;

export interface Window {
  readonly count: number;
  readonly periodMs: number;
  readonly burst: number;
}

export interface LimitSpec {
  readonly name: string;
  readonly windows: readonly Window[];
  /** By the tier of the caller, in the place of `windows`. */
  readonly tiers?: Readonly<Record<string, readonly Window[]>>;
  readonly penalize?: boolean;
  readonly shared?: boolean;
}

export interface ModelCall {
  readonly route: string;
  readonly key: string;
  readonly tier?: string;
  /** What it costs in each limit, by its name; 1 if it is not named, `undefined` if it cannot be known. */
  readonly costs?: Readonly<Record<string, number | undefined>>;
}

/** What limits beside each other say of one call. */
export interface ModelAnswer {
  readonly passed: boolean;
  /** Limits that refuse it. */
  readonly refusing: readonly string[];
  /** Calls left afterwards, by limit, for each of its windows. */
  readonly left: ReadonlyMap<string, readonly bigint[]>;
  /** Nanoseconds until the limits that refuse it, or are charged for it, would not. */
  readonly retry: bigint;
}

/** Limits that stand beside each other, and how far each of their buckets is used. */
export class LimitModel {
  private readonly limits: readonly LimitSpec[];
  private readonly debtUntil = new Map<string, bigint>();

  constructor(limits: readonly LimitSpec[]) {
    this.limits = limits;
  }

  call(call: ModelCall, now: bigint): ModelAnswer {
    const claims = this.limits.map((limit) => this.claim(limit, call, now));
    const refusing = claims.filter(({ windows }) => windows.some(({ fits }) => !fits));
    const passed = refusing.length === 0;
    for (const { limit, windows, calls } of claims)
      for (const window of windows) {
        const { bucket, start, interval, tolerance, burst } = window;
        if (passed) this.debtUntil.set(bucket, start + calls * interval);
        else if (limit.penalize) {
          const paid = start + least(calls, burst) * interval;
          this.debtUntil.set(bucket, least(paid, now + tolerance));
        }
      }
    return {
      passed,
      refusing: refusing.map(({ limit }) => limit.name),
      left: new Map(claims.map(({ limit, windows }) => [limit.name, windows.map((one) => this.leftOf(one, now))])),
      retry: claims
        .filter((claim) => !passed && (claim.limit.penalize || refusing.includes(claim)))
        .flatMap(({ windows, calls }) => windows.map((one) => this.retryOf(one, calls, now)))
        .reduce((longest, one) => greatest(longest, one), 0n),
    };
  }

  private claim(limit: LimitSpec, { route, key, tier = "", costs = {} }: ModelCall, now: bigint) {
    const own = limit.tiers?.[tier];
    const windows = (own ?? limit.windows).map((window, index) => {
      const interval = (BigInt(window.periodMs) * MILLISECOND + BigInt(window.count) - 1n) / BigInt(window.count);
      const where = [limit.name, limit.shared ? "" : route, own === undefined ? "" : tier, key, index];
      const bucket = JSON.stringify(where);
      const burst = BigInt(window.burst);
      const until = this.debtUntil.get(bucket) ?? 0n;
      return { bucket, interval, burst, tolerance: burst * interval, start: until > now ? until : now };
    });
    const cost = limit.name in costs ? costs[limit.name] : 1;
    const most = BigInt(Math.min(...windows.map(({ burst }) => Number(burst))));
    const calls = cost === undefined ? most : BigInt(Math.max(1, cost));
    return {
      limit,
      calls,
      windows: windows.map((one) => ({ ...one, fits: one.start + calls * one.interval <= now + one.tolerance })),
    };
  }

  private debt(bucket: string, now: bigint): bigint {
    const until = this.debtUntil.get(bucket) ?? 0n;
    return until > now ? until - now : 0n;
  }

  private leftOf({ bucket, interval, tolerance }: Bucket, now: bigint): bigint {
    return (tolerance - this.debt(bucket, now)) / interval;
  }

  private retryOf({ bucket, interval, tolerance, burst }: Bucket, calls: bigint, now: bigint): bigint {
    const missing = this.debt(bucket, now) + least(calls, burst) * interval - tolerance;
    return missing > 0n ? missing : 0n;
  }
}

interface Bucket {
  readonly bucket: string;
  readonly interval: bigint;
  readonly burst: bigint;
  readonly tolerance: bigint;
}

function least(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}

function greatest(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}
