import { describe, expect, it } from "vitest";
import { diagnose } from "../diagnostics/diagnostic.js";
import { checkText } from "../index.js";
import type { Loaded, Loader } from "../syntax/loader.js";
import { formatSpan, SourceFile } from "../syntax/source.js";
import { readGatewayFiles } from "./files.js";

const HEAD = "apiVersion: sluice/v1\nkind: Gateway\nname: shop\n";
const REST = "listeners: { public: { address: 127.0.0.1:80 } }\n";
const ROUTES = "routes: [{ name: a, match: { path: /a }, respond: { status: 204 } }]\n";
const FRAGMENT = "apiVersion: sluice/v1\nkind: Fragment\n";

function shown(path: string, text: string, files: Readonly<Record<string, string>> = {}): string[] {
  return checkText(path, text, files).diagnostics.map((finding) => `${formatSpan(finding.span)} ${finding.code}`);
}

/** What is said of the one file that a policy includes, when reading it comes to this. */
function included(loaded: Loaded, item = "part.yaml"): string[] {
  const loader: Loader = { main: "policy.yaml", load: () => loaded, known: () => [] };
  const { diagnostics, complete } = readGatewayFiles(new SourceFile("p.yaml", `${HEAD}include: [${item}]\n`), loader);
  expect(complete).toBe(false);
  return diagnostics.map(({ code, message }) => `${code}: ${message}`);
}

describe("included files", () => {
  it("are named from the folder of the policy file, each by its own path", () => {
    const { plan, files } = checkText("here/policy.yaml", `${HEAD}${REST}include: [parts/a.yaml]\n`, {
      "parts/a.yaml": `${FRAGMENT}include: [./b.yaml, ../c.yaml]\n`,
      "parts/b.yaml": FRAGMENT + ROUTES,
      "c.yaml": FRAGMENT,
    });
    expect(files).toEqual(["here/policy.yaml", "here/parts/a.yaml", "here/parts/b.yaml", "here/c.yaml"]);
    expect(plan?.hosts[0]?.routes.map((route) => formatSpan(route.origin))).toContain("here/parts/b.yaml:3:10");
  });

  it("stand in the order of inclusion, each before what it includes itself", () => {
    const route = (name: string) => `routes: [{ name: ${name}, match: { path: / }, respond: { status: 204 } }]\n`;
    const { root } = readGatewayFiles(new SourceFile("p.yaml", `${HEAD}include: [a, c]\n${route("main")}`), {
      main: "p.yaml",
      known: () => [],
      load: (path) => {
        const text = FRAGMENT + route(path) + (path === "a" ? "include: [b]\n" : "");
        return { outcome: "read", id: path, source: new SourceFile(path, text) };
      },
    });
    expect(JSON.stringify(root, (key, value: unknown) => (key === "source" ? undefined : value))).toMatch(
      /"main".*"raw":"a".*"raw":"b".*"raw":"c"/,
    );
  });

  it("are listed even if they are missing, for whoever watches them", () => {
    const { files, plan } = checkText("policy.yaml", `${HEAD}include: [gone.yaml]\n`);
    expect([files, plan]).toEqual([["policy.yaml", "gone.yaml"], undefined]);
  });

  it("may bring a section that the policy file has none of", () => {
    expect(shown("p.yaml", `${HEAD}include: [a.yaml]\n`, { "a.yaml": FRAGMENT + REST + ROUTES })).toEqual([]);
    expect(shown("p.yaml", `${HEAD}include: [a.yaml]\n`, { "a.yaml": FRAGMENT + REST })).toEqual(["p.yaml:1:1 SL0102"]);
  });

  it("cannot silence or be silenced from another file", () => {
    const files = { "a.yaml": `${FRAGMENT}policies:\n  few: { rateLimit: { rate: 1/second } }\n` };
    const text = `${HEAD}${REST}include: [a.yaml] # sluice-ignore: SL0403 elsewhere\n${ROUTES}`;
    expect(shown("p.yaml", text, files)).toEqual(["a.yaml:4:3 SL0403", "p.yaml:5:36 SL0023"]);
  });

  it.each<[string, Loaded, string]>([
    ["outside", { outcome: "outside" }, "SL0702: `part.yaml` leads out of the folder of the policy file"],
    [
      "no file",
      { outcome: "not-a-file", what: "a folder" },
      "SL0703: a folder cannot be included; write the path of a file, relative to this one",
    ],
    ["closed", { outcome: "unreadable", reason: "EACCES" }, "SL0710: `part.yaml` cannot be read: EACCES"],
    [
      "damaged",
      {
        outcome: "damaged",
        finding: diagnose("SL0020", {}, { source: new SourceFile("part.yaml", "?"), start: 0, end: 1 }),
      },
      "SL0020: not UTF-8 from here on",
    ],
  ])("that cannot be read are reported: %s", (_, loaded, sentence) => {
    expect(included(loaded)).toEqual([sentence]);
  });

  it.each(["C:/x.yaml", "~/x.yaml", "file:x.yaml", "//host/x.yaml", "a/..", ".", "a/."])("%s is no path", (item) => {
    expect(included({ outcome: "missing" }, `"${item}"`)).toEqual([expect.stringMatching(/^SL0703: /)]);
  });

  it("are 256 at most with the policy file, and 16 MiB", () => {
    const chain = (count: number) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, index) => [`f${index}.yaml`, `${FRAGMENT}include: [f${index + 1}.yaml]\n`]),
      );
    const text = `${HEAD}${REST}include: [f0.yaml]\n${ROUTES}`;
    expect(shown("p.yaml", text, { ...chain(254), "f254.yaml": FRAGMENT })).toEqual([]);
    expect(shown("p.yaml", text, chain(300))).toEqual(["f254.yaml:3:11 SL0706"]);

    const large = `${FRAGMENT}#${"x".repeat(4 * 1024 * 1024 - 100)}\n`;
    const five = Object.fromEntries(["a", "b", "c", "d", "e"].map((name) => [`${name}.yaml`, large]));
    const names = Object.keys(five).join(", ");
    expect(shown("p.yaml", `${HEAD}${REST}include: [${names}]\n${ROUTES}`, five)).toEqual(["p.yaml:5:43 SL0706"]);
  });

  it("are no policies of their own", () => {
    expect(shown("p.yaml", FRAGMENT + ROUTES)).toEqual(["p.yaml:2:7 SL0708"]);
    expect(checkText("p.yaml", FRAGMENT).isFragment).toBe(true);
  });
});

describe("a part that does not fit", () => {
  const check = (lines: string) => shown("p.yaml", `${HEAD}${REST}${lines}`);

  it("takes nothing else away", () => {
    const routes = "routes:\n  - { name: a, match: 7, to: x }\n  - { name: b, match: { path: /b }, to: x }\n";
    expect(check(routes)).toEqual(["p.yaml:6:23 SL0103", "p.yaml:6:30 SL0201", "p.yaml:7:41 SL0201"]);
  });

  it("is not reported a second time as something missing", () => {
    const keys = "policies: { keys: { authenticate: { anyOf: [{ apiKey: { header: x-key } }] } } }\n";
    const consumers = "consumers: { a: { credentials: [{ apiKey: plain }] } }\n";
    expect(check(`${keys}${consumers}defaults: { apply: [keys] }\n${ROUTES}`)).toEqual(["p.yaml:6:43 SL0204"]);
    expect(check(`services: [x]\nroutes: [{ name: a, match: { path: /a }, to: x }]\n`)).toEqual(["p.yaml:5:11 SL0103"]);
  });
});
