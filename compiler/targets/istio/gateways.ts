import type { Json, JsonObject, ListenerPlan } from "../../plan/plan.js";
import { present, type Resource } from "../kubernetes/resource.js";
import type { Mesh } from "./context.js";
import { gatewayName } from "./names.js";

/** One for each listener, so that the routes of some of them are bound to these alone. */
export function gateways(mesh: Mesh): Resource[] {
  const { plan, deployment } = mesh;
  return plan.listeners.map((listener) => {
    const name = gatewayName(plan, listener);
    const head = { apiVersion: "networking.istio.io/v1", kind: "Gateway", name };
    return mesh.resource(head, listener.origin, {
      selector: { ...deployment.workload },
      servers: [server(listener)],
    });
  });
}

function server({ name, address, port, tls }: ListenerPlan): Json {
  return present({
    port: { name, number: port, protocol: tls === undefined ? "HTTP" : "HTTPS" },
    // Routes of the same namespace only: others would end in the guard, which knows none of their names.
    hosts: ["./*"],
    bind: address === "0.0.0.0" ? undefined : address,
    tls: tls === undefined ? undefined : downstream(tls),
  });
}

function downstream({ certificates, clientCertificate: clients }: NonNullable<ListenerPlan["tls"]>): JsonObject {
  const files = certificates.map(({ certificate, key }) => ({ serverCertificate: certificate, privateKey: key }));
  const [first] = files;
  return present({
    mode: clients === undefined ? "SIMPLE" : clients.required ? "MUTUAL" : "OPTIONAL_MUTUAL",
    ...(files.length === 1 ? first : { tlsCertificates: files }),
    caCertificates: clients?.ca,
    minProtocolVersion: "TLSV1_2",
    maxProtocolVersion: "TLSV1_3",
  });
}
