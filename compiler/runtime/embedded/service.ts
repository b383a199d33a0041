import { Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import type { Readable } from "node:stream";
import type { ServiceView } from "../../embedded/passage.js";
import type { ServicePlan } from "../../plan/plan.js";

/** Why a service gave no answer; `details` is RESPONSE_CODE_DETAILS as far as it is told here. */
export interface ServiceFailure {
  status: 502 | 503 | 504;
  body: string;
  details: string;
}

export interface CallEvents {
  onAnswer(answer: IncomingMessage): void;
  /** Once, and not after an answer has begun. */
  onFailure(failure: ServiceFailure): void;
  /** Instead of an answer: the service speaks another protocol from here on, for which nobody has asked. */
  onSwitch(): void;
}

type Endpoint = ServicePlan["discovery"]["endpoints"][number];

/** A service: its endpoints in turn, over connections that are kept. */
export class Service {
  private readonly agent = new Agent({ keepAlive: true });
  private readonly endpoints: readonly Endpoint[];
  private readonly connectTimeoutMs: number;
  private next = 0;

  constructor({ discovery, connectTimeoutMs }: ServicePlan, moved?: readonly Endpoint[]) {
    this.endpoints = moved ?? discovery.endpoints;
    this.connectTimeoutMs = connectTimeoutMs;
  }

  /**
   * Sends a request.
   * @param body absent if nothing follows the headers
   * @returns what ends the call when it is destroyed
   * @throws Error for a header or path that cannot be sent
   */
  call({ method, path, headers }: ServiceView, body: Readable | undefined, events: CallEvents): ClientRequest {
    const endpoint = this.endpoints[this.next++ % this.endpoints.length];
    if (endpoint === undefined) throw new RangeError("a service has at least one endpoint");
    const call = request({
      host: endpoint.host,
      port: endpoint.port,
      method,
      path,
      agent: this.agent,
      // As a list Node leaves order and repetitions as they are.
      headers: [...headers, ...(isChunked(headers, body) ? [["transfer-encoding", "chunked"]] : [])].flat(),
    });
    this.boundConnecting(call);
    const failed = (failure: ServiceFailure) => {
      body?.unpipe(call);
      events.onFailure(failure);
    };
    let hasAnswered = false;
    call.once("response", (answer) => {
      hasAnswered = true;
      events.onAnswer(answer);
    });
    call.once("upgrade", (_answer, socket) => {
      hasAnswered = true;
      socket.destroy();
      events.onSwitch();
    });
    call.on("error", (error) => {
      if (!hasAnswered) failed(failureOf(error));
    });
    if (body === undefined) call.end();
    else body.pipe(call);
    return call;
  }

  /** Gives up connections that nobody uses; calls that are under way go on. */
  retire(): void {
    for (const sockets of Object.values(this.agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
    this.agent.maxFreeSockets = 0;
  }

  close(): void {
    this.agent.destroy();
  }

  private boundConnecting(call: ClientRequest): void {
    call.once("socket", (socket) => {
      if (!socket.connecting) return;
      const timer = setTimeout(() => call.destroy(new ConnectTimeout()), this.connectTimeoutMs);
      for (const event of ["connect", "close"]) socket.once(event, () => clearTimeout(timer));
    });
  }
}

class ConnectTimeout extends Error {}

function isChunked(headers: ServiceView["headers"], body: Readable | undefined): boolean {
  return body !== undefined && !headers.some(([name]) => name === "content-length");
}

/** What Envoy's router says (source/common/router/router.cc; seen on 1.40). */
export const TIMED_OUT: ServiceFailure = {
  status: 504,
  body: "upstream request timeout",
  details: "response_timeout",
};

/** The answer ended before it was complete. */
export const BROKEN_OFF: ServiceFailure = {
  status: 502,
  body: "upstream connect error or disconnect/reset before headers. reset reason: protocol error",
  details: "upstream_reset_after_response_started{protocol_error}",
};

const NO_HOST: ServiceFailure = { status: 503, body: "no healthy upstream", details: "no_healthy_upstream" };

function failureOf(error: NodeJS.ErrnoException): ServiceFailure {
  if (error.syscall === "getaddrinfo") return NO_HOST;
  const [status, reason] = resetOf(error);
  return {
    status,
    body: `upstream connect error or disconnect/reset before headers. reset reason: ${reason}`,
    details: `upstream_reset_before_response_started{${reason.replaceAll(" ", "_")}}`,
  };
}

function resetOf(error: NodeJS.ErrnoException): [status: 502 | 503, reason: string] {
  if (error.code?.startsWith("HPE_")) return [502, "protocol error"];
  if (error instanceof ConnectTimeout) return [503, "connection timeout"];
  // Of several addresses of a name, each with its own error.
  const isConnecting = error.syscall === "connect" || error instanceof AggregateError;
  return [503, isConnecting ? "remote connection failure" : "connection termination"];
}
