import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import type { CheckedGateway } from "./check.js";
import { serviceOf } from "./destinations.js";
import type { Gateway, Route } from "./gateway.js";
import { GRPC_CONDITIONS } from "./resilience.js";

/** Whether every call of a route is one of gRPC: each of its services says so. */
export function callsGrpc({ to = [] }: Pick<Route, "to">, gateway: Pick<Gateway, "services">): boolean {
  return to.length > 0 && to.every(({ service }) => protocolOf(service, gateway) === "grpc");
}

/** Routes to some services of gRPC and some others, calls that nobody can make, and codes that no service answers with. */
export function checkGrpc(checked: CheckedGateway): Diagnostic[] {
  return [...mixed(checked), ...unheard(checked), ...codesInVain(checked)];
}

function mixed({ gateway, place }: CheckedGateway): Diagnostic[] {
  return gateway.routes.flatMap((route, index) => {
    const { to = [] } = route;
    const position = to.findIndex(({ service }) => protocolOf(service, gateway) === "grpc");
    const other = to.find(({ service }) => !["grpc", undefined].includes(protocolOf(service, gateway)));
    const speaking = to[position]?.service;
    if (speaking === undefined || other === undefined) return [];
    const parameters = { service: speaking, other: other.service };
    return [diagnose("SL0626", parameters, place(["routes", index, "to"]))];
  });
}

function unheard({ gateway, place }: CheckedGateway): Diagnostic[] {
  const listeners = Object.values(gateway.listeners);
  const isHeard = listeners.some(({ protocols = ["http2"] }) => protocols.some((one) => one !== "http1"));
  if (isHeard || listeners.length === 0) return [];
  // One that a policy asks has no calls of clients.
  const called = new Set(gateway.routes.flatMap(({ to = [] }) => to.map(({ service }) => service)));
  return Object.entries(gateway.services).flatMap(([service, { protocol }]) =>
    protocol === "grpc" && called.has(service)
      ? [diagnose("SL0627", { service }, place(["services", service, "protocol"]))]
      : [],
  );
}

/** A service of HTTP/1.1 cannot end an answer with the code of a call. */
function codesInVain({ gateway, place }: CheckedGateway): Diagnostic[] {
  return gateway.routes.flatMap(({ to = [], retry }, index) => {
    const protocols = to.map(({ service }) => protocolOf(service, gateway));
    if (protocols.length === 0 || protocols.some((one) => one !== "http1")) return [];
    return (retry?.on ?? []).flatMap((condition, position) =>
      GRPC_CONDITIONS.some((code) => code === condition)
        ? [diagnose("SL0628", { condition: String(condition) }, place(["routes", index, "retry", "on", position]))]
        : [],
    );
  });
}

function protocolOf(service: string, gateway: Pick<Gateway, "services">) {
  return serviceOf(service, gateway)?.protocol;
}
