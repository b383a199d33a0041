import type { MessageInitShape } from "@bufbuild/protobuf";
import type { QueryParameterMatcherSchema } from "../../envoy/generated/envoy/config/route/v3/route_components_pb.js";
import type { QueryMatch } from "../../policy/query.js";

type QueryParameterMatcherInit = MessageInitShape<typeof QueryParameterMatcherSchema>;

/** What a route wants of the query. Envoy looks at the first parameter of a name, as it was sent. */
export function queryMatchers(query: readonly QueryMatch[] = []): QueryParameterMatcherInit[] {
  return query.map(queryMatcher);
}

function queryMatcher(match: QueryMatch): QueryParameterMatcherInit {
  const { name, form } = match;
  if (form === "present") return { name, queryParameterMatchSpecifier: { case: "presentMatch", value: match.present } };
  const matchPattern =
    form === "exact"
      ? ({ case: "exact", value: match.value } as const)
      : ({ case: "safeRegex", value: { regex: match.regex } } as const);
  return { name, queryParameterMatchSpecifier: { case: "stringMatch", value: { matchPattern } } };
}
