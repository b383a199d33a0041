import type { GatewayPlan, Json, JsonObject, PolicyPlan } from "../../plan/plan.js";
import type { IstioDeployment } from "../../policy/deployments.js";
import type { Span } from "../../syntax/source.js";
import { type Origins, type Resource, resource } from "../kubernetes/resource.js";
import { clusterName, type MeshService, meshService } from "./names.js";

/** What all parts of the output are made of. */
export class Mesh {
  readonly plan: GatewayPlan;
  readonly deployment: IstioDeployment;
  readonly policies: ReadonlyMap<string, PolicyPlan>;
  private readonly origins: Origins;
  private readonly services: ReadonlyMap<string, MeshService>;

  constructor(plan: GatewayPlan, deployment: IstioDeployment, origins: Origins) {
    this.plan = plan;
    this.deployment = deployment;
    this.origins = origins;
    this.policies = new Map(plan.policies.map((policy) => [policy.name, policy]));
    this.services = new Map(plan.services.map((service) => [service.name, meshService(plan, service)]));
  }

  /**
   * Where a service is in the mesh.
   * @throws RangeError if the plan has none of the name, which the checks exclude
   */
  service(name: string): MeshService {
    const found = this.services.get(name);
    if (found === undefined) throw new RangeError(`the plan has no service ${name}`);
    return found;
  }

  cluster(service: string): string {
    return clusterName(this.service(service));
  }

  from<T extends object>(span: Span, value: T): T {
    return this.origins.from(span, value);
  }

  resource({ apiVersion, kind, name, annotations = {} }: Head, origin: Span, spec: JsonObject): Resource {
    const { namespace } = this.deployment;
    const head = { apiVersion, kind, name, namespace, annotations, gateway: this.plan.name };
    return resource(head, origin, spec, this.origins);
  }
}

interface Head {
  apiVersion: string;
  kind: string;
  name: string;
  annotations?: Readonly<Record<string, string>>;
}

/** A duration as Kubernetes has it. */
export function durationText(milliseconds: number): string {
  return milliseconds % 1_000 === 0 ? `${milliseconds / 1_000}s` : `${milliseconds}ms`;
}

/** An object without the members that say nothing. */
export function present(members: Readonly<Record<string, Json | undefined>>): JsonObject {
  const said = Object.entries(members).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));
  return Object.fromEntries(said);
}
