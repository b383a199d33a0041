import { z } from "zod";
import type { Path } from "../syntax/document.js";
import type { Gateway, Route, Service } from "./gateway.js";

const target = z.strictObject({
  service: z.string().describe("Name of a service under `services`."),
  version: z.string().optional().describe("Name of one of its versions; the `active` one if absent."),
  weight: z.int().min(0).max(1_000_000).default(1).describe("Share of the requests, relative to the other weights."),
});

/** The service that requests go to, or several by weight. */
export const destination = z
  .union([
    z.string().transform((one): z.output<typeof target>[] => [{ service: one, weight: 1 }]),
    z.array(target).min(1).max(64),
  ])
  .describe("Name of a service, or a list of services with weights.")
  .meta({
    examples: [
      "orders",
      [
        { service: "orders", weight: 90 },
        { service: "orders-v2", weight: 10 },
      ],
    ],
  });

export type Destination = z.output<typeof destination>;

/** Every list of services that a route may choose from, and where it stands: of everybody first. */
export function destinationsOf({ to, callers = [] }: Route, index: number): { to: Destination; path: Path }[] {
  const path: Path = ["routes", index];
  return [
    ...(to === undefined ? [] : [{ to, path: [...path, "to"] }]),
    ...callers.map((some, position) => ({ to: some.to, path: [...path, "callers", position, "to"] })),
  ];
}

/** Every service that a route may choose. */
export function targetsOf({ to = [], callers = [] }: Pick<Route, "to" | "callers">): Destination {
  return [...to, ...callers.flatMap((some) => some.to)];
}

/** A service by its name; undefined if there is none, which has a finding of its own. */
export function serviceOf(name: string, { services }: Pick<Gateway, "services">): Service | undefined {
  return Object.hasOwn(services, name) ? services[name] : undefined;
}
