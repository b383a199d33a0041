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
  HttpResponseHeaders = 2,
  HttpCallResponseHeaders = 6,
}

export enum BufferType {
  HttpRequestBody = 0,
  HttpResponseBody = 1,
  HttpCallResponseBody = 4,
  PluginConfiguration = 7,
}

export enum MetricType {
  Counter = 0,
  Gauge = 1,
}

export enum StreamType {
  Request = 0,
}

/**
 * What a callback for headers may answer. StopIteration is for the body stage alone, which sees to it that no body goes on before the headers do; after
 * an answer, and in the guard, it could let a request pass that was answered already.
 */
export enum FilterHeadersStatus {
  Continue = 0,
  StopIteration = 1,
  StopAllIterationAndWatermark = 4,
}

/** What a callback for a part of a body may answer. */
export enum FilterDataStatus {
  Continue = 0,
  StopIterationAndBuffer = 1,
  StopIterationNoBuffer = 3,
}

/** What a callback for trailers may answer. */
export enum FilterTrailersStatus {
  Continue = 0,
  StopIteration = 1,
}

export enum GrpcStatus {
  InvalidArgument = 3,
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
