// Numbers of the proxy-wasm ABI 0.2.1, under the names it gives them.

export enum Status {
  Ok = 0,
  NotFound = 1,
  BadArgument = 2,
  SerializationFailure = 3,
  ParseFailure = 4,
  InvalidMemoryAccess = 6,
  Empty = 7,
  CasMismatch = 8,
  ResultMismatch = 9,
  InternalFailure = 10,
  BrokenConnection = 11,
  Unimplemented = 12,
}

export enum LogLevel {
  Trace = 0,
  Debug = 1,
  Info = 2,
  Warn = 3,
  Error = 4,
  Critical = 5,
}

export enum HeaderMapType {
  HttpRequestHeaders = 0,
}

export enum BufferType {
  PluginConfiguration = 7,
}

export enum MetricType {
  Counter = 0,
}

/** What `proxy_on_request_headers` may answer. StopIteration (1) is missing on purpose: with a body it can let a request pass that was answered already. */
export enum FilterHeadersStatus {
  Continue = 0,
  StopAllIterationAndWatermark = 4,
}

export enum GrpcStatus {
  PermissionDenied = 7,
  ResourceExhausted = 8,
  Unavailable = 14,
  Unauthenticated = 16,
}

/** WASI clock identifiers. */
export enum Clock {
  Realtime = 0,
  Monotonic = 1,
}
