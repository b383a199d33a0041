// Policy files of many routes, one shape for each way in which routes of real files lie beside and above each other.

const GROUPS = 50;

const at = (path, more = "") => ({ match: `{ path: "${path}"${more} }` });

/** What differs from file to file: its routes, and how many of the other things there are. */
const shapes = {
  mixed: {
    about: "prefixes, templates and exact paths under a hundred first segments",
    route: (i) => at([`/s${i % 100}/r${i}/**`, `/s${i % 100}/{id}/r${i}`, `/s${i % 100}/r${i}`][i % 3]),
  },
  deep: { about: "all under /api/v1", route: (i) => at(`/api/v1/r${i}/{id}${i % 2 ? "/**" : ""}`) },
  nested: { about: "prefixes in each other", route: (i) => at(`/api/${digits(i)}/**`) },
  templates: { about: "a capture first: /{a}/x<i>", route: (i) => at(`/{a}/x${i}`) },
  crossing: {
    about: "each of one half meets each of the other: /{a}/x<i>, /y<i>/{b}",
    route: (i) => at(i % 2 ? `/{a}/x${i}` : `/y${i}/{b}`),
  },
  regexes: { about: "regular expressions", route: (i) => at(`~/v[0-9]+/r${i}(/.*)?`) },
  methods: {
    about: "two routes a path, limited by method",
    route: (i) => at(`/api/v1/r${i >> 1}`, `, methods: [${i % 2 ? "GET" : "POST, PUT"}]`),
  },
  weaker: {
    about: "half of them open, and crossing the others",
    route: (i) => ({ match: at(i % 2 ? `/{a}/x${i}/**` : `/y${i}/{b}`).match, isOpen: i % 2 === 0 }),
  },
  hosts: {
    about: "up to 500 hosts",
    route: (i, n) => at(`/r${i}`, `, host: "h${i % Math.min(500, n / 10)}.example.com"`),
  },
  headers: {
    about: "one path, told apart by a header",
    route: (i) => at("/api/v1/r", `, headers: { x-tenant: t${i} }`),
  },
  consumers: { about: "twice as many consumers as routes", route: (i) => at(`/r${i}`), consumers: (n) => 2 * n },
  policies: { about: "1,023 policies", route: (i) => at(`/r${i}`), policies: 1_022 },
  chains: { about: "32 policies on each route", route: (i) => at(`/r${i}`), policies: 31, chain: true },
};

export const shapeNames = Object.keys(shapes);

export function aboutShape(name) {
  return shapes[name].about;
}

/** The digits of a number as segments, with a letter for their place. */
function digits(index) {
  return [...String(index)].map((digit, place) => `${"abcdefghij"[place]}${digit}`).join("/");
}

/** The text of a policy file of a shape; it has no error. */
export function policyText(name, routes, policies = 300) {
  const shape = shapes[name];
  const count = Math.min(shape.policies ?? policies, routes);
  // Every group that a rule names has somebody in it.
  const consumers = shape.consumers?.(routes) ?? GROUPS;
  const lines = [
    "apiVersion: sluice/v1",
    "kind: Gateway",
    "name: big",
    'listeners: { public: { address: "127.0.0.1:8080" } }',
    'services: { a: { endpoints: ["127.0.0.1:9001"] } }',
    "consumers:",
    ...listed(
      consumers,
      (i) => `  c${i}: { tier: gold, groups: [g${i % GROUPS}], credentials: [{ apiKey: env:K${i} }] }`,
    ),
    "policies:",
    "  auth: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }",
    ...listed(count, (i) => `  p${i}: ${policy(i, shape)}`),
    "routes:",
    ...listed(routes, (i) => `  - ${route(shape.route(i, routes), i, applied(i, count, shape))}`),
  ];
  return `${lines.join("\n")}\n`;
}

function listed(count, line) {
  return Array.from({ length: count }, (_, index) => line(index));
}

function route({ match, isOpen }, index, policies) {
  return `{ name: r${index}, match: ${match}, to: a, apply: [${isOpen ? "" : policies.join(", ")}] }`;
}

/** At most 16 limits run on a route, so a chain has access rules only. */
function policy(index, { chain }) {
  if (!chain && index % 2 === 0) return `{ rateLimit: { key: [auth.consumer], rate: ${index + 1}/minute } }`;
  const allow = `request.method == "GET" || "g${index % GROUPS}" in auth.groups`;
  return `{ authorize: { rules: [{ name: r, allow: '${allow}' }], otherwise: deny } }`;
}

function applied(index, count, { chain }) {
  if (chain) return ["auth", ...listed(count, (position) => `p${position}`)];
  return ["auth", `p${index % count}`, `p${(index + 1) % count}`];
}
