import { guardVariables } from "../../plan/guard.js";
import type { Cluster } from "./context.js";
import {
  authorityConfigMap,
  certificateSecret,
  clientCertificateSecret,
  clientsConfigMap,
  environmentSecret,
} from "./names.js";
import { hasOwnAuthority } from "./tls.js";

/** A resource that the output refers to, and that is not in it: it holds what the policy only names. */
interface Given {
  kind: "Secret" | "ConfigMap";
  name: string;
  /** What must be in it: the end of a sentence that begins with its name and place. */
  needs: string;
}

/** What whoever applies the output makes. */
export function givenResources({ plan }: Cluster): Given[] {
  const variables = guardVariables(plan);
  return [
    ...(variables.length === 0
      ? []
      : [secret(environmentSecret(plan), ` must have these keys: ${variables.join(", ")}`)]),
    ...plan.listeners.flatMap(({ name, tls }) => {
      if (tls === undefined) return [];
      const { certificates, clientCertificate } = tls;
      return [
        ...certificates.map((files, position) => secret(certificateSecret(plan, name, position), certificate(files))),
        ...(clientCertificate === undefined ? [] : [authority(clientsConfigMap(plan, name), clientCertificate.ca)]),
      ];
    }),
    ...plan.services.flatMap((service) => {
      const { name, tls } = service;
      return [
        ...(tls === undefined || !hasOwnAuthority(service) ? [] : [authority(authorityConfigMap(plan, name), tls.ca)]),
        ...(tls?.client === undefined ? [] : [secret(clientCertificateSecret(plan, name), certificate(tls.client))]),
      ];
    }),
  ];
}

function secret(name: string, needs: string): Given {
  return { kind: "Secret", name, needs };
}

function authority(name: string, ca: string): Given {
  return { kind: "ConfigMap", name, needs: ` must have in ca.crt what the file has in ${ca}.` };
}

/** Envoy Gateway takes both files from one Secret. */
function certificate(files: { certificate: string; key: string }): string {
  return `, of type kubernetes.io/tls, must have what the file has in ${files.certificate} and ${files.key}.`;
}
