import { targetsOf } from "../plan/callers.js";
import type { GatewayPlan, Json, MockAnswer, OperationPlan, ServiceMock } from "../plan/plan.js";
import type { OperationAnswer } from "./suite.js";

/** A policy that converts requests to a service, as what speaks for the service in tests. */
export interface Mock {
  policy: string;
  operations: readonly OperationPlan[];
  mock: ServiceMock;
}

const known = new WeakMap<GatewayPlan, ReadonlyMap<string, readonly Mock[]>>();

/** By service: the policies that convert requests to it. */
export function mocksOf(plan: GatewayPlan): ReadonlyMap<string, readonly Mock[]> {
  const made = known.get(plan) ?? findMocks(plan);
  known.set(plan, made);
  return made;
}

function findMocks({ hosts, policies }: GatewayPlan): ReadonlyMap<string, readonly Mock[]> {
  const asking = new Map<string, Set<string>>();
  for (const { action, operation } of hosts.flatMap(({ routes }) => routes)) {
    if (operation === undefined || action.type !== "forward") continue;
    for (const { service } of targetsOf(action))
      asking.set(service, (asking.get(service) ?? new Set<string>()).add(operation.policy));
  }
  return new Map(
    [...asking].map(([service, names]) => [
      service,
      policies.flatMap(({ name, conversion }) =>
        conversion === undefined || !names.has(name)
          ? []
          : [{ policy: name, operations: conversion.operations, mock: conversion.mock }],
      ),
    ]),
  );
}

/** An answer as a test file has it, for a mock. */
export function answerOf({ response, fault }: OperationAnswer): MockAnswer {
  const [declared] = Object.entries(fault ?? {});
  if (declared === undefined) return { response: jsonOf(response) };
  const [name, detail] = declared;
  return { fault: { name, detail: jsonOf(detail) } };
}

/** Values of a YAML file are those of JSON. */
function jsonOf(value: unknown): Json {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value !== "object" || value === null) return null;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, jsonOf(inner)]));
}
