import fc from "fast-check";

/** What a path of the file may be rewritten to, some of it with what it captures. */
export function rewriteOf(path: string, choice: number): { path?: string; host?: string } {
  const open = path.endsWith("/**");
  const captures = path.startsWith("~") ? [] : [...path.matchAll(/\{.\}/g)].map(([name]) => name);
  const ends = path.startsWith("~") ? ["/n\\0", "/n"] : open ? ["/n/**", "/**", "/x:y/**"] : ["/n", "/", "/n/%41b/"];
  const paths = [
    ...ends,
    ...captures.flatMap((name) => [`/${name}/n${open ? "/**" : ""}`, `/${name}${open ? "/**" : "/"}`]),
  ];
  const hosts = ["n.internal", "N.internal:8080", ...captures.map((name) => `${name}.n.internal`)];
  const [newPath, host] = [paths[choice % paths.length], hosts[(choice >> 4) % hosts.length]];
  return (
    [
      { ...(newPath === undefined ? {} : { path: newPath }) },
      { ...(newPath === undefined ? {} : { path: newPath }), ...(host === undefined ? {} : { host }) },
      { ...(host === undefined ? {} : { host }) },
    ][choice % 3] ?? {}
  );
}

/** Copies, which tests on Envoy leave out: what counts is that the file is taken. */
export const mirror = fc
  .record(
    { service: fc.constantFrom("alpha", "beta"), percent: fc.constantFrom("100%", "5%", "0.25%", "0%") },
    { requiredKeys: ["service"] },
  )
  .map((one) => [one]);

/** Callers that go elsewhere, in the words of random files. */
export function callersOf(choice: number): readonly Readonly<Record<string, unknown>>[] {
  const whose = [
    { tiers: ["gold", "a"] },
    { groups: "ab" },
    { consumers: "acme" },
    { groups: ["a", "b"], tiers: "free" },
    { consumers: ["globex", "acme"], groups: ["partners"] },
  ];
  const to = ["alpha", "beta", [{ service: "beta", weight: 3 }, { service: "alpha" }]];
  const entry = (at: number) => ({ ...whose[at % whose.length], to: to[(at >> 3) % to.length] });
  return choice % 3 === 0 ? [entry(choice), entry(choice >> 2)] : [entry(choice)];
}

/** Pages in place of failed answers. */
export const pages = fc
  .tuple(
    fc.uniqueArray(fc.constantFrom(400, 401, 403, 404, 405, 429, 503, "4xx", "5xx"), { minLength: 1, maxLength: 4 }),
    fc.record(
      {
        body: fc.constantFrom("<h1>sorry</h1>", "gr\u00fc\u00dfe 100% %REQ(x)%\n"),
        contentType: fc.constantFrom("text/plain", "application/json; a=5%"),
        status: fc.constantFrom(200, 418, 500, 404),
      },
      { requiredKeys: ["body"] },
    ),
  )
  .map(([[first = 404, ...others], page]) => [
    { on: first, body: "first" },
    ...(others.length === 0 ? [] : [{ on: others, ...page }]),
  ]);

type Routes = readonly Readonly<Record<string, unknown>>[];

/** Routes that name versions of a service which has them. */
export function withVersions(routes: Routes, service: string, said: object): Routes {
  const versions = "versions" in said && typeof said.versions === "object" ? said.versions : undefined;
  const names = Object.keys(versions ?? {});
  const named = (list: unknown) =>
    Array.isArray(list)
      ? list.map((one: unknown, index) =>
          typeof one === "object" && one !== null && "service" in one && one.service === service
            ? { ...one, version: names[index % names.length] }
            : one,
        )
      : list;
  if (names.length === 0) return routes;
  return routes.map((route) => ({
    ...route,
    ...("to" in route ? { to: named(route.to) } : {}),
    ...(Array.isArray(route.callers)
      ? {
          callers: route.callers.map((some: unknown) =>
            typeof some === "object" && some !== null && "to" in some ? { ...some, to: named(some.to) } : some,
          ),
        }
      : {}),
    ...("mirror" in route ? { mirror: named(route.mirror) } : {}),
  }));
}
