import type { MessageInitShape } from "@bufbuild/protobuf";
import type { HeaderMatcherSchema } from "../../envoy/generated/envoy/config/route/v3/route_components_pb.js";
import type { HeaderMatch } from "../../plan/plan.js";
import { cookieRegex } from "../../policy/cookies.js";

export type HeaderMatcherInit = MessageInitShape<typeof HeaderMatcherSchema>;

/** A header that requests must have, as Envoy looks at it. */
export function headerMatcher(match: HeaderMatch): HeaderMatcherInit {
  switch (match.form) {
    case "exact":
      return {
        name: match.name,
        headerMatchSpecifier: { case: "stringMatch", value: { matchPattern: { case: "exact", value: match.value } } },
      };
    case "contains":
      return {
        name: match.name,
        headerMatchSpecifier: { case: "stringMatch", value: { matchPattern: { case: "contains", value: match.text } } },
      };
    case "regex":
      return {
        name: match.name,
        headerMatchSpecifier: {
          case: "stringMatch",
          value: { matchPattern: { case: "safeRegex", value: { regex: match.regex } } },
        },
      };
    case "cookie":
      return headerMatcher({ name: match.name, form: "regex", regex: cookieRegex(match.cookie, match.value) });
    case "unlike":
      return { ...headerMatcher({ ...match, form: "regex" }), invertMatch: true };
    case "present":
      return { name: match.name, headerMatchSpecifier: { case: "presentMatch", value: match.present } };
  }
}
