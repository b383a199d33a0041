import { MetricType, Status } from "./abi.js";
import type { Border, HostFunctions } from "./border.js";

type MetricSort = "counter" | "gauge" | "histogram";

interface Metric {
  readonly sort: MetricSort;
  value: bigint;
  readonly samples: bigint[];
}

/** The metrics of all VMs: one value for each name and sort. */
export class Metrics {
  private readonly metrics = new Map<string, Metric>();

  define(sort: MetricSort, name: string): Metric {
    const key = `${sort} ${name}`;
    const metric = this.metrics.get(key) ?? { sort, value: 0n, samples: [] };
    this.metrics.set(key, metric);
    return metric;
  }

  /** undefined if no VM has defined it. */
  counter(name: string): bigint | undefined {
    return this.metrics.get(`counter ${name}`)?.value;
  }

  gauge(name: string): bigint | undefined {
    return this.metrics.get(`gauge ${name}`)?.value;
  }

  /** All that was recorded, in order. */
  histogram(name: string): readonly bigint[] | undefined {
    return this.metrics.get(`histogram ${name}`)?.samples;
  }

  /** Values of all counters by name. */
  counters(): Map<string, bigint> {
    const counters = [...this.metrics].filter(([, { sort }]) => sort === "counter");
    return new Map(counters.map(([key, { value }]) => [key.slice("counter ".length), value]));
  }
}

const SORTS: readonly MetricSort[] = ["counter", "gauge", "histogram"];
const TYPE_MASK = 3;
const STEP = 4;

/** Numbers of metrics belong to a VM; their two lowest bits tell the sort (proxy-wasm-cpp-host, `WasmBase::nextCounterMetricId`). */
export function metricFunctions({ memory, environment: { metrics } }: Border): HostFunctions {
  const numbered = new Map<number, Metric>();
  const last = [MetricType.Counter, MetricType.Gauge, MetricType.Histogram].map(Number);
  return {
    proxy_define_metric: (type, start, length, cell) => {
      const name = memory.text(start, length);
      if (name === undefined) return Status.InvalidMemoryAccess;
      const sort = SORTS[type];
      if (sort === undefined) return Status.BadArgument;
      const number = (last[type] ?? 0) + STEP;
      last[type] = number;
      numbered.set(number, metrics.define(sort, name));
      return memory.putWord(cell, number) ? Status.Ok : Status.InvalidMemoryAccess;
    },
    proxy_increment_metric: {
      position: 1,
      wide: (offset, number) => increment(numbered.get(number), number, BigInt.asIntN(64, offset)),
    },
    proxy_record_metric: {
      position: 1,
      wide: (value, number) => record(numbered.get(number), BigInt.asUintN(64, value)),
    },
    proxy_get_metric: (number, cell) => {
      if ((number & TYPE_MASK) > MetricType.Gauge) return Status.BadArgument;
      const metric = numbered.get(number);
      if (metric === undefined) return Status.NotFound;
      return memory.putWide(cell, metric.value) ? Status.Ok : Status.InvalidMemoryAccess;
    },
  };
}

function increment(metric: Metric | undefined, number: number, offset: bigint): number {
  if ((number & TYPE_MASK) > MetricType.Gauge) return Status.BadArgument;
  if (metric === undefined) return Status.NotFound;
  if (metric.sort === "counter" && offset <= 0n) return Status.BadArgument;
  metric.value = BigInt.asUintN(64, metric.value + offset);
  return Status.Ok;
}

function record(metric: Metric | undefined, value: bigint): number {
  switch (metric?.sort) {
    case undefined:
      return Status.NotFound;
    case "counter":
      metric.value = BigInt.asUintN(64, metric.value + value);
      return Status.Ok;
    case "gauge":
      metric.value = value;
      return Status.Ok;
    case "histogram":
      metric.samples.push(value);
      return Status.Ok;
  }
}
