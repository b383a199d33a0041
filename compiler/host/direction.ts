import type { DataAction, HeadersAction, TrailersAction } from "./abi.js";
import { Body } from "./body.js";
import { HostFault } from "./fault.js";
import type { HeaderMap } from "./header-map.js";

/** What a filter is asked for one direction of a stream. */
export interface DirectionFilter {
  headers(headers: HeaderMap, end: boolean): HeadersAction;
  data(part: Body, end: boolean): DataAction;
  trailers(trailers: HeaderMap): TrailersAction;
  /** More is held than the limit allows. */
  overflow(): void;
}

/** What went on behind the filter. */
export interface Passed {
  headers?: HeaderMap;
  /** Parts of the body in order; empty ones are left out. */
  readonly body: Uint8Array[];
  trailers?: HeaderMap;
  ended: boolean;
}

/**
 * One direction of a stream through one filter, as Envoy's filter manager carries it (source/common/http/filter_manager.cc,
 * `commonHandleAfter*Callback` and `commonContinue`; seen on 1.40).
 */
export class Direction {
  readonly passed: Passed = { body: [], ended: false };
  /** What the filter manager holds for the filter. */
  readonly held = new Body();
  private readonly filter: DirectionFilter;
  private readonly limit: number;
  private map: HeaderMap | undefined;
  private trailing: HeaderMap | undefined;
  private state: "going" | "stopped" | "stopped-all" = "going";
  private asking = false;
  private observedEnd = false;
  /** The filter has been told the end. */
  private filterEnded = false;
  private aborted = false;

  /** @param limit bytes that may be held */
  constructor(filter: DirectionFilter, limit: number) {
    this.filter = filter;
    this.limit = limit;
  }

  get isHeld(): boolean {
    return this.state !== "going" && !this.aborted;
  }

  /** Nothing goes on from now on, and the filter is asked no more. */
  abort(): void {
    this.aborted = true;
  }

  headers(headers: HeaderMap, end: boolean): void {
    if (this.aborted) return;
    this.map = headers;
    this.observedEnd = end;
    this.filterEnded = end;
    const action = this.ask(() => this.filter.headers(headers, end));
    if (this.aborted) return;
    if (action === "continue") this.passHeaders(end);
    else this.state = action === "stop" ? "stopped" : "stopped-all";
  }

  data(bytes: Uint8Array, end: boolean): void {
    if (this.aborted) return;
    this.observedEnd = end;
    if (this.state === "stopped-all") this.hold(bytes);
    else this.askAboutData(new Body(bytes), end);
  }

  trailers(trailers: HeaderMap): void {
    if (this.aborted) return;
    this.observedEnd = true;
    this.trailing = trailers;
    if (this.state !== "stopped-all") this.askAboutTrailers(trailers);
  }

  /** Trailers that the filter makes itself, at the end of a body. */
  addTrailers(trailers: HeaderMap): void {
    this.trailing = trailers;
  }

  /** Keeps bytes for the filter. */
  hold(bytes: Uint8Array): void {
    this.held.append(bytes);
    if (this.held.length > this.limit) this.filter.overflow();
  }

  /** Lets go what is held. Nothing happens if nothing is. */
  resume(): void {
    if (this.aborted) return;
    if (this.asking)
      throw new HostFault(
        "a stream is continued from the callback that decides about it; an answer then comes garbled from Envoy 1.40",
      );
    if (this.state === "going") return;
    const fromFilter = this.state === "stopped-all";
    this.state = "going";
    if (this.passed.headers === undefined)
      this.passHeaders(this.observedEnd && this.held.length === 0 && !this.trailing);
    this.resumeData(fromFilter);
    if (this.trailing === undefined || this.aborted || this.isHeld) return;
    if (fromFilter) this.askAboutTrailers(this.trailing);
    else this.passTrailers(this.trailing);
  }

  private resumeData(fromFilter: boolean): void {
    const end = this.observedEnd && this.trailing === undefined;
    if (this.held.length === 0 && !end) return;
    if (!fromFilter) this.passData(this.held.take(), end);
    else if (!this.filterEnded) this.askAboutData(new Body(this.held.take()), end);
  }

  private askAboutData(part: Body, end: boolean): void {
    this.filterEnded = end;
    const action = this.ask(() => this.filter.data(part, end));
    if (this.aborted) return;
    // The filter may have made trailers at the end of the body.
    const ends = end && this.trailing === undefined;
    if (action === "continue") {
      if (this.state === "stopped") {
        this.held.append(part.take());
        this.resume();
      } else {
        this.passData(part.take(), ends);
        if (end && this.trailing !== undefined) this.passTrailers(this.trailing);
      }
      return;
    }
    this.state = "stopped";
    if (action === "drop") return;
    this.held.append(part.take());
    // A body under watermarks is stopped at its source instead.
    if (action === "buffer" && this.held.length > this.limit) this.filter.overflow();
  }

  private askAboutTrailers(trailers: HeaderMap): void {
    const action = this.ask(() => this.filter.trailers(trailers));
    if (this.aborted) return;
    if (action === "stop") this.state = "stopped";
    else if (this.state === "stopped") this.resume();
    else this.passTrailers(trailers);
  }

  private ask<Action>(question: () => Action): Action {
    this.asking = true;
    try {
      return question();
    } finally {
      this.asking = false;
    }
  }

  private passHeaders(end: boolean): void {
    if (this.map !== undefined) this.passed.headers = this.map;
    this.passed.ended = end;
  }

  private passData(bytes: Uint8Array, end: boolean): void {
    if (this.passed.ended) return;
    if (bytes.length > 0) this.passed.body.push(bytes);
    this.passed.ended = end;
  }

  private passTrailers(trailers: HeaderMap): void {
    this.passed.trailers = trailers;
    this.passed.ended = true;
  }
}
