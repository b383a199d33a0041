/** A service that Envoy asks by gRPC. It is asked for under the name of its cluster, which is no host where istiod names it: `outbound|80||host`. */
export function grpcTarget(cluster: string) {
  const host = cluster.slice(cluster.lastIndexOf("|") + 1);
  const authority = host === cluster ? {} : { authority: host };
  return { case: "envoyGrpc" as const, value: { clusterName: cluster, ...authority } };
}
