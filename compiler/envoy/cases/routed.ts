import type { VerifyCase } from "./case.js";
import {
  answer,
  extension,
  headerMutation,
  route,
  router,
  typed,
  virtualHost,
  withAction,
  withFilters,
  withHosts,
  withManager,
  withRegex,
  withRoutes,
} from "./parts.js";

const pseudo = [":path", "host", "Host", ":authority"];
const notRe2 = [
  "/a(?=b)",
  "/a(?!b)",
  "/a(?<!b)",
  "(a)\\1",
  "(?>a)",
  "a++",
  "/[a",
  "a{1,2000}",
  "((a{100}){100}){100}",
  "\\x{10FFFF}",
  "\\Z",
  "\\u0041",
];

/** What Envoy refuses while it builds route tables. */
export const routed: readonly VerifyCase[] = [
  {
    name: "two rewrites of a path",
    config: withAction({ cluster: "orders", prefix_rewrite: "/a", path_rewrite: "/b" }),
    violation: ["routes[0].route", "takes one of"],
    envoy: "Specify only one of prefix_rewrite",
  },
  {
    name: "a route that enters a filter which is not there",
    config: withRoutes(
      route({ typed_per_filter_config: { gone: typed("config.route.v3.FilterConfig", { config: {} }) } }),
    ),
    violation: ['routes[0].typed_per_filter_config["gone"]', "there is no filter of this name"],
    stricter: "Envoy waits for a filter that may come by discovery",
  },
  {
    name: "a route to an unknown cluster",
    config: withAction({ cluster: "gone" }),
    violation: ["routes[0].route.cluster", 'no cluster "gone"'],
    envoy: "unknown cluster 'gone'",
  },
  {
    name: "a route to an unknown cluster that discovery might bring",
    config: {
      ...withAction({ cluster: "gone" }),
      node: { id: "a", cluster: "b" },
      dynamic_resources: { cds_config: { resource_api_version: "V3", path_config_source: { path: "/dev/null" } } },
    },
    violation: ["routes[0].route.cluster", 'no cluster "gone"'],
    envoy: "unknown cluster 'gone'",
  },
  {
    name: "a weighted route to an unknown cluster",
    config: withAction({
      weighted_clusters: {
        clusters: [
          { name: "orders", weight: 1 },
          { name: "gone", weight: 1 },
        ],
      },
    }),
    violation: ["weighted_clusters.clusters[1].name", 'no cluster "gone"'],
    envoy: "unknown weighted cluster 'gone'",
  },
  {
    name: "a mirror to an unknown cluster",
    config: withAction({ cluster: "orders", request_mirror_policies: [{ cluster: "gone" }] }),
    violation: ["request_mirror_policies[0].cluster", 'no cluster "gone"'],
    envoy: "unknown shadow cluster 'gone'",
  },
  {
    name: "a mirror of a host to an unknown cluster",
    config: withHosts(virtualHost(["*"], [route()], { request_mirror_policies: [{ cluster: "gone" }] })),
    violation: ["request_mirror_policies[0].cluster", 'no cluster "gone"'],
    envoy: "unknown shadow cluster 'gone'",
  },
  {
    name: "weights that add up to 0",
    config: withAction({
      weighted_clusters: {
        clusters: [
          { name: "orders", weight: 0 },
          { name: "orders", weight: 0 },
        ],
      },
    }),
    violation: ["weighted_clusters", "add up to 0"],
    envoy: "must be greater than 0",
  },
  {
    name: "weights that overflow",
    config: withAction({
      weighted_clusters: {
        clusters: [
          { name: "orders", weight: 4294967295 },
          { name: "orders", weight: 1 },
        ],
      },
    }),
    violation: ["weighted_clusters", "more than 4294967295"],
    envoy: "exceeds 4294967295",
  },
  {
    name: "a weight for no cluster",
    config: withAction({ weighted_clusters: { clusters: [{ weight: 1 }] } }),
    violation: ["weighted_clusters.clusters[0]", "needs a name or a cluster_header"],
    envoy: "At least one of name or cluster_header",
  },
  {
    name: "two wildcard domains",
    config: withHosts(virtualHost(["*"]), virtualHost(["*"])),
    violation: ["virtual_hosts[1].domains[0]", "domain * is already at"],
    envoy: "Only a single wildcard domain is permitted",
  },
  {
    name: "one domain in two hosts, in different case",
    config: withHosts(virtualHost(["a.example"]), virtualHost(["b.example", "A.example"])),
    violation: ["virtual_hosts[1].domains[1]", "domain a.example is already at"],
    envoy: "Only unique values for domains are permitted",
  },
  {
    name: "one domain twice in a host",
    config: withHosts(virtualHost(["*.a.example", "*.a.example"])),
    violation: ["virtual_hosts[0].domains[1]", "is already at"],
    envoy: "Only unique values for domains are permitted",
  },
  {
    name: "a body of 4097 bytes",
    config: withRoutes(answer("x".repeat(4097))),
    violation: ["routes[0].direct_response.body", "has 4097 bytes"],
    envoy: "response body size is 4097 bytes; maximum is 4096",
  },
  {
    name: "a body of 4098 bytes in 2049 characters",
    config: withRoutes(answer("é".repeat(2049))),
    violation: ["routes[0].direct_response.body", "has 4098 bytes"],
    envoy: "response body size is 4098 bytes; maximum is 4096",
  },
  {
    name: "two rewrites of the path",
    config: withAction({
      cluster: "orders",
      prefix_rewrite: "/b",
      regex_rewrite: { pattern: { regex: "^/a" }, substitution: "/c" },
    }),
    violation: ["routes[0].route", "takes one of"],
    envoy: "Specify only one of prefix_rewrite",
  },
  {
    name: "a filter configuration of a route that says nothing",
    config: withRoutes(route({ typed_per_filter_config: { headers: typed("config.route.v3.FilterConfig") } })),
    violation: ['typed_per_filter_config["headers"]', "neither configures nor disables"],
    envoy: "Empty route/virtual host per filter configuration",
  },
  ...pseudo.flatMap((name): VerifyCase[] => [
    {
      name: `a request header ${name} to add`,
      config: withRoutes(route({ request_headers_to_add: [{ header: { key: name, value: "a" } }] })),
      violation: ["request_headers_to_add[0].header.key", "cannot be modified"],
      envoy: ":-prefixed or host headers may not be modified",
    },
    {
      name: `a response header ${name} to remove`,
      config: withRoutes(route({ response_headers_to_remove: [name] })),
      violation: ["response_headers_to_remove[0]", "cannot be removed"],
      envoy: ":-prefixed or host headers may not be removed",
    },
    {
      name: `a mutation that appends ${name}`,
      config: withFilters(headerMutation({ append: { header: { key: name, value: "a" } } }), router),
      violation: ["append.header.key", "cannot be modified"],
      envoy: ":-prefixed or host headers may not be modified",
    },
  ]),
  {
    name: "a header whose name has a space",
    config: withRoutes(route({ request_headers_to_add: [{ header: { key: "x a", value: "a" } }] })),
    violation: ["header.key", "not a header name"],
    stricter: "Envoy sends the name as it is",
  },
  {
    name: "a mutation that removes a header whose name has a space",
    config: withFilters(headerMutation({ remove: "x a" }), router),
    violation: ["remove", "not a header name"],
    stricter: "Envoy looks for a header that cannot be there",
  },
  {
    name: "a lone percent sign in a header",
    config: withRoutes(route({ response_headers_to_add: [{ header: { key: "x-share", value: "100%" } }] })),
    violation: ["header.value", "write %%"],
    envoy: "Couldn't find valid command",
  },
  {
    name: "a lone percent sign in the body of a local reply",
    config: withManager({ local_reply_config: { body_format: { text_format_source: { inline_string: "50% off" } } } }),
    violation: ["text_format_source.inline_string", "write %%"],
    envoy: "Couldn't find valid command",
  },
  {
    name: "a lone percent sign in the JSON of an access log",
    config: withManager({
      access_log: [
        extension("log", "extensions.access_loggers.file.v3.FileAccessLog", {
          path: "/dev/null",
          log_format: { json_format: { share: "100%" } },
        }),
      ],
    }),
    violation: ["json_format.share", "write %%"],
    envoy: "Couldn't find valid command",
  },
  ...notRe2.map(
    (regex): VerifyCase => ({
      name: `the regular expression ${regex}`,
      config: withRegex(regex),
      violation: ["safe_regex.regex", ""],
      envoy: "error initializing configuration",
    }),
  ),
  ...["x".repeat(97), "é".repeat(50), "[^/]{1,500}", "(?i)[a-z]{98}"].map(
    (regex): VerifyCase => ({
      name: `a regular expression of over 100 RE2 instructions, ${regex.slice(0, 20)}`,
      config: withRegex(regex),
      violation: ["safe_regex.regex", "Envoy's limit"],
      envoy: "max program size of 100",
    }),
  ),
  {
    name: "alternatives that RE2 merges to less than 100 instructions",
    config: withRegex("(?:foo|food|fob){12}"),
    violation: ["safe_regex.regex", "Envoy's limit"],
    stricter: "our size errs upwards",
  },
  {
    name: "look-ahead in a rewrite",
    config: withAction({ cluster: "orders", regex_rewrite: { pattern: { regex: "/(?=a)" }, substitution: "/" } }),
    violation: ["regex_rewrite.pattern.regex", "(?="],
    envoy: "invalid perl operator",
  },
];
