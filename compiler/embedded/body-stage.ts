import { bytesOf, byteTextOf } from "../host/byte-text.js";
import { HostFault } from "../host/fault.js";
import type { HeaderMap } from "../host/header-map.js";
import type { Stream } from "../host/stream.js";
import { PIN_HEADER } from "../plan/names.js";
import type { OperationPlan } from "../plan/plan.js";

/** The body that a request gets which ends with its headers: the model of the shim in `targets/envoy/body.ts`. */
const EMPTY_BODY = bytesOf("{}");

/** A whole answer on its way to the client. */
export interface HeldAnswer {
  headers: HeaderMap;
  /** A byte text. */
  body: string;
  details: string;
  /** `service`: of the service, converted. `module`: the module's own. `direct`: the same, and no other filter sees it. */
  by: "service" | "module" | "direct";
}

/** One request for an operation, and its answer, on their way through `body.wasm`. */
export class BodyStage {
  readonly operation: OperationPlan;
  private readonly stream: Stream;
  /** What waits for the shim. */
  private readonly waiting: Uint8Array[] = [];

  constructor(stream: Stream, operation: OperationPlan) {
    this.stream = stream;
    this.operation = operation;
  }

  /** @param ends nothing follows the headers */
  begin(headers: HeaderMap, ends: boolean): void {
    const { takesBody } = this.operation;
    this.stream.requestHeaders(headers, ends && takesBody);
    if (ends && !takesBody) this.stream.requestData(EMPTY_BODY, true);
  }

  /** A part of the request's body. */
  data(bytes: Uint8Array, end: boolean): void {
    if (this.operation.takesBody) {
      this.stream.requestData(bytes, end);
      return;
    }
    this.waiting.push(bytes);
    if (!end) return;
    const whole = Buffer.concat(this.waiting);
    this.stream.requestData(whole.length === 0 ? EMPTY_BODY : whole, true);
  }

  /** The module's answer in place of the service's; undefined while it has given none. */
  get reply(): HeldAnswer | undefined {
    return this.stream.localReply === undefined ? undefined : this.answer;
  }

  /** The request as it goes on, once it is complete. */
  get passed(): { stream: Stream; body: Uint8Array; isConverted: boolean } | undefined {
    const { headers, body, ended } = this.stream.request;
    if (headers === undefined || !ended) return undefined;
    const pin = headers.get(PIN_HEADER);
    if (pin !== undefined && pin !== this.operation.pin) throw new HostFault(`no entry of Envoy's has the pin ${pin}`);
    return { stream: this.stream, body: Buffer.concat(body), isConverted: pin !== undefined };
  }

  /** @param details RESPONSE_CODE_DETAILS */
  answerHeaders(headers: HeaderMap, ends: boolean, details?: string): void {
    this.stream.responseHeaders(headers, ends, details);
  }

  answerData(bytes: Uint8Array, end: boolean): void {
    this.stream.responseData(bytes, end);
  }

  /** What goes to the client, once it is complete. */
  get answer(): HeldAnswer | undefined {
    const { stream } = this;
    if (stream.isReset) throw new HostFault("body.wasm ends a connection in the middle of an answer");
    const { headers, body, ended } = stream.answer;
    if (headers === undefined || !ended) return undefined;
    const by = stream.isAnsweredDirectly ? "direct" : stream.localReply === undefined ? "service" : "module";
    return { headers, body: body.map(byteTextOf).join(""), details: stream.details ?? "", by };
  }

  finish(): void {
    this.stream.finish();
  }
}
