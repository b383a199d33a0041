import type { Route } from "../policy/gateway.js";

/** What a route does with a request beside sending it to its service. */
export interface RouteForwarding {
  mirror?: MirrorPlan[];
}

/** A service that gets copies of some requests. */
export interface MirrorPlan {
  service: string;
  /** Share of the requests, of a million. */
  millionths: number;
}

export function planForwarding({ mirror }: Route): RouteForwarding {
  return {
    ...(mirror === undefined
      ? {}
      : { mirror: mirror.map(({ service, percent }) => ({ service, millionths: percent })) }),
  };
}
