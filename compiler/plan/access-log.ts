/** Which requests of a listener get a line, and where. */
export interface AccessLogPlan {
  /** Envoy's standard output, or the absolute path of a file. */
  to: "stdout" | { file: string };
  /** All requests if absent. */
  when?: LogCondition;
  /** Of those, by chance; all if absent. */
  percent?: number;
}

/** What can be asked of a request that is over, without who called. */
export type LogCondition =
  /** The status is 0 where nobody was answered; a duration is in milliseconds. */
  | { test: "status" | "duration"; compare: "eq" | "ne" | "ge" | "le"; value: number }
  /** Of a request header, or of `:method`. With `not` it must be there, and be different. */
  | { test: "header"; name: string; form: "exact" | "prefix" | "suffix" | "contains"; value: string; not: boolean }
  | { test: "present"; name: string; present: boolean }
  | { test: "all" | "any"; of: LogCondition[] };
