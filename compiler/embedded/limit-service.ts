import {
  type ServiceConfiguration,
  type ServiceDescriptor,
  WINDOW_SECONDS,
  type Window,
} from "../plan/global-limits.js";

/** One step of a descriptor that a call has. */
export interface AskedEntry {
  key: string;
  value: string;
}

/** A descriptor that a call has, and what it costs by it. */
export interface Asked {
  entries: readonly AskedEntry[];
  calls: number;
}

/** What became of one descriptor. */
export interface LimitStatus {
  isOver: boolean;
  /** Absent if nothing is counted for it. */
  limit?: Window & { name: string };
  remaining: number;
  resetSeconds: number;
}

/** What has been counted in the window that begins at a second since 1970. */
interface Counter {
  begin: number;
  seconds: number;
  count: number;
}

/** Counters beyond these make room for others once their windows are over. */
const MOST_COUNTERS = 65_536;

/** The model of the ratelimit service of Envoy: fixed windows of the wall clock, by descriptor. */
export class LimitService {
  private readonly counters = new Map<string, Counter>();

  /**
   * Counts a call.
   * @param now milliseconds since 1970
   */
  judge({ descriptors }: ServiceConfiguration, domain: string, asked: readonly Asked[], now: number): LimitStatus[] {
    return asked.map(({ entries, calls }) => {
      const found = limitOf(descriptors, entries);
      if (found?.rate_limit === undefined) return { isOver: false, remaining: 0, resetSeconds: 0 };
      const { name, unit, requests_per_unit: count } = found.rate_limit;
      const seconds = WINDOW_SECONDS[unit];
      const second = Math.floor(now / 1_000);
      const counter = [domain, ...entries.flatMap(({ key, value }) => [key, value])];
      const used = this.count(counter, calls, second, seconds);
      return {
        isOver: used > count && found.shadow_mode !== true,
        limit: { name, unit, count },
        remaining: Math.max(count - used, 0),
        resetSeconds: seconds - (second % seconds),
      };
    });
  }

  /** @returns what is counted with this call */
  private count(of: readonly string[], calls: number, second: number, seconds: number): number {
    const key = JSON.stringify(of);
    const begin = second - (second % seconds);
    const before = this.counters.get(key);
    const count = (before?.begin === begin ? before.count : 0) + calls;
    if (before === undefined && this.counters.size >= MOST_COUNTERS) this.forget(second);
    this.counters.set(key, { begin, seconds, count });
    return count;
  }

  private forget(second: number): void {
    for (const [key, { begin, seconds }] of this.counters) if (begin + seconds <= second) this.counters.delete(key);
  }
}

/** The step that the last entry of a descriptor comes to: its value as it is, else any. */
function limitOf(
  descriptors: readonly ServiceDescriptor[],
  entries: readonly AskedEntry[],
): ServiceDescriptor | undefined {
  let below = descriptors;
  let found: ServiceDescriptor | undefined;
  for (const { key, value } of entries) {
    const own = below.filter((one) => one.key === key);
    found = own.find((one) => one.value === value) ?? own.find((one) => one.value === undefined);
    below = found?.descriptors ?? [];
  }
  return found;
}
