// Numbers of proxy-wasm ABI 0.2.1, under the names of its text.

export const Status = {
  Ok: 0,
  NotFound: 1,
  BadArgument: 2,
  SerializationFailure: 3,
  ParseFailure: 4,
  BadExpression: 5,
  InvalidMemoryAccess: 6,
  Empty: 7,
  CasMismatch: 8,
  ResultMismatch: 9,
  InternalFailure: 10,
  BrokenConnection: 11,
  Unimplemented: 12,
} as const;

/** What WASI functions return. */
export const Errno = { Success: 0, Fault: 21, Invalid: 28, NotSupported: 58, NotCapable: 76 } as const;

export const HeaderMapType = {
  RequestHeaders: 0,
  RequestTrailers: 1,
  ResponseHeaders: 2,
  ResponseTrailers: 3,
  GrpcReceiveInitialMetadata: 4,
  GrpcReceiveTrailingMetadata: 5,
  HttpCallResponseHeaders: 6,
  HttpCallResponseTrailers: 7,
} as const;
export const LAST_HEADER_MAP_TYPE = 7;

export const BufferType = {
  HttpRequestBody: 0,
  HttpResponseBody: 1,
  NetworkDownstreamData: 2,
  NetworkUpstreamData: 3,
  HttpCallResponseBody: 4,
  GrpcReceiveBuffer: 5,
  VmConfiguration: 6,
  PluginConfiguration: 7,
  CallData: 8,
} as const;
export const LAST_BUFFER_TYPE = 8;

export const StreamType = { Request: 0, Response: 1, Downstream: 2, Upstream: 3 } as const;
export const LAST_STREAM_TYPE = 3;

export const MetricType = { Counter: 0, Gauge: 1, Histogram: 2 } as const;

export const LogLevel = { Trace: 0, Debug: 1, Info: 2, Warn: 3, Error: 4, Critical: 5 } as const;

export type HeadersAction = "continue" | "stop" | "stop-all";
export type DataAction = "continue" | "buffer" | "watermark" | "drop";
export type TrailersAction = "continue" | "stop";

/** What a headers callback returned. Envoy takes an unknown number for the strictest, StopAllIterationAndWatermark. */
export function headersAction(result: number, allowStopIteration: boolean): HeadersAction {
  if (result === 0) return "continue";
  return result === 1 && allowStopIteration ? "stop" : "stop-all";
}

/** What a body callback returned; an unknown number is StopIterationNoBuffer. */
export function dataAction(result: number): DataAction {
  if (result === 0) return "continue";
  if (result === 1) return "buffer";
  return result === 2 ? "watermark" : "drop";
}

export function trailersAction(result: number): TrailersAction {
  return result === 0 ? "continue" : "stop";
}
