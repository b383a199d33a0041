import type { PathPattern } from "../policy/path.js";
import type { HeaderMatch, RoutePlan } from "./plan.js";
import { conditionsOf } from "./route-match.js";

/** What an entry takes, in the words of the language as far as it has any. */
export interface ShownMatch {
  /** Domains of its virtual host; `*` for any. */
  readonly hosts: readonly string[];
  /** Any if empty. */
  readonly methods: readonly string[];
  /** `/a`, `/a/**`, `/a/{id}` or `~regex`. */
  readonly path: string;
  /** And parameters of the query. */
  readonly headers: readonly string[];
}

/** @param hosts domains of the virtual host that the route stands in */
export function matchOf(hosts: readonly string[], route: RoutePlan): ShownMatch {
  const { match } = route;
  const headers = conditionsOf(route).map(headerText);
  return { hosts, methods: match.methods, path: pathText(match.path), headers };
}

/** The same on one line. */
export function matchText({ hosts, methods, path, headers }: ShownMatch): string {
  return [hosts.join(","), methods.length === 0 ? "any method" : methods.join(","), path, ...headers].join(" ");
}

/** A pattern as it is written in a policy. */
export function pathText(path: PathPattern): string {
  switch (path.form) {
    case "exact":
      return path.path;
    case "prefix":
      return `${path.path === "/" ? "" : path.path}/**`;
    case "regex":
      return `~${path.regex}`;
    case "template": {
      const segments = path.segments.map((segment) =>
        "literal" in segment ? segment.literal : "capture" in segment ? `{${segment.capture}}` : "*",
      );
      return `/${[...segments, ...(path.rest ? ["**"] : [])].join("/")}`;
    }
  }
}

function headerText(header: HeaderMatch): string {
  const sign = header.name.startsWith("?") ? "=" : ":";
  switch (header.form) {
    case "exact":
      return `${header.name}${sign}${header.value}`;
    case "contains":
      return `${header.name} with ${header.text}`;
    case "regex":
      return `${header.name}${sign}~${header.regex}`;
    case "unlike":
      return `${header.name} not ~${header.regex}`;
    case "present":
      return header.present ? `with ${header.name}` : `without ${header.name}`;
    case "cookie":
      return `cookie ${header.cookie}${header.value === undefined ? "" : `=${header.value}`}`;
  }
}
