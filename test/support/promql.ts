import { parser } from "@prometheus-io/lezer-promql";

/** Where an expression of PromQL is wrong, by Prometheus' own grammar; undefined if it is right. */
export function promqlFault(expr: string): string | undefined {
  let fault: string | undefined;
  parser.parse(expr).iterate({
    enter: ({ type, from }) => {
      if (type.isError) fault ??= `${expr.slice(0, from)} ! ${expr.slice(from)}`;
    },
  });
  return fault;
}

/** Names of the metrics that an expression selects. */
export function metricsOf(expr: string): string[] {
  const names: string[] = [];
  parser.parse(expr).iterate({
    enter: ({ name, node }) => {
      const identifier = name === "VectorSelector" ? node.getChild("Identifier") : null;
      if (identifier !== null) names.push(expr.slice(identifier.from, identifier.to));
    },
  });
  return names;
}
