import type { Json, JsonObject } from "../../plan/plan.js";
import type { Span } from "../../syntax/source.js";
import { provenance } from "../provenance.js";

/** A resource of Kubernetes as it is written. */
export interface Resource {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Readonly<Record<string, string>>;
    annotations?: Readonly<Record<string, string>>;
  };
  spec: JsonObject;
}

/** Remembers of any object of the output which place of the policy it is made from; what has none is made from that of what it stands in. */
export class Origins {
  private readonly spans = new WeakMap<object, Span>();

  /** @returns the value itself */
  from<T extends object>(span: Span, value: T): T {
    this.spans.set(value, span);
    return value;
  }

  of(value: object): Span | undefined {
    return this.spans.get(value);
  }
}

const LABELS = { "app.kubernetes.io/managed-by": "sluice" } as const;
const ORIGIN = "sluice/origin";

export interface ResourceHead {
  apiVersion: string;
  kind: string;
  /** Of a DNS label: see `resourceName`. */
  name: string;
  namespace?: string | undefined;
  annotations?: Readonly<Record<string, string>>;
  /** Of the gateway: selects all that was made of it. */
  gateway: string;
}

/** A resource with the labels of all of them, and an annotation that tells the line of the policy that it is made from. */
export function resource(head: ResourceHead, origin: Span, spec: JsonObject, origins: Origins): Resource {
  const { apiVersion, kind, name, namespace, annotations = {}, gateway } = head;
  return origins.from(origin, {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...LABELS, "app.kubernetes.io/part-of": gateway },
      annotations: { ...annotations, [ORIGIN]: provenance(origin) },
    },
    spec,
  });
}

/** An object without the members that say nothing. */
export function present(members: Readonly<Record<string, Json | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(members).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])),
  );
}
