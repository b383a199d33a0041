import type { GatewayPlan, JsonObject, PolicyPlan, RoutePlan } from "../../plan/plan.js";
import type { IstioDeployment } from "../../policy/deployments.js";
import type { Span } from "../../syntax/source.js";
import { type Origins, type Resource, resource } from "../kubernetes/resource.js";
import { ANCHOR_HEADER, clusterName, type MeshService, meshService } from "./names.js";

/** What all parts of the output are made of. */
export class Mesh {
  readonly plan: GatewayPlan;
  readonly deployment: IstioDeployment;
  readonly policies: ReadonlyMap<string, PolicyPlan>;
  readonly origins: Origins;
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

  /**
   * What the request of a route loses on its way to the service: what only the gateway may write, should it come past the EnvoyFilter,
   * but not what a service has written that was asked about it.
   */
  removed({ run }: Pick<RoutePlan, "run">): string[] {
    const { ownedRequestHeaders, listeners } = this.plan;
    const natives = run.flatMap(({ policy }) => this.policies.get(policy)?.native ?? []);
    const written = new Set(natives.flatMap((native) => (native.filter === "externalAuth" ? native.fromAnswer : [])));
    const asksClients = listeners.some(({ tls }) => tls?.clientCertificate !== undefined);
    return [
      ...ownedRequestHeaders.filter((name) => !written.has(name)),
      ANCHOR_HEADER,
      ...(asksClients ? [CERTIFICATE_HEADER] : []),
    ];
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

/** Istio tells services the certificate of a client, whole. */
const CERTIFICATE_HEADER = "x-forwarded-client-cert";

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
