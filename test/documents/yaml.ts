import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { load } from "js-yaml";
import { z } from "zod";
import { packageRoot } from "../../compiler/cli/files.js";
import { renderText } from "../../compiler/diagnostics/render/text.js";
import { check, checkText, SourceFile } from "../../compiler/index.js";
import { checkTestFile } from "../../compiler/testing/file.js";
import { policyLoader } from "../../compiler/testing/loader.js";
import { kinds } from "../../filters/index.js";
import { sourceFiles } from "../support/cases.js";
import { resourceFaults } from "./kubernetes.js";
import { type Block, isExcerpt } from "./markdown.js";

const root = packageRoot();

/** `policies`: that section of a file and nothing else; `excerpt`: lines that must stand in a file that is tested. */
export type Sort = "Gateway" | "Fragment" | "Test" | "policies" | "kubernetes" | "excerpt";

const section = z.record(z.string(), z.unknown()).optional();
const heads = z
  .object({
    apiVersion: z.string().optional(),
    kind: z.string().optional(),
    include: z.array(z.string()).optional(),
    services: section,
    consumers: section,
    policies: section,
  })
  .loose();
type Head = z.infer<typeof heads>;

/** What a YAML block is, by its first members. */
export function sortOf({ text }: Block): Sort {
  const head = heads.safeParse(load(text));
  if (!head.success) return "excerpt";
  const { apiVersion, kind, policies } = head.data;
  if (apiVersion === undefined) return policies === undefined ? "excerpt" : "policies";
  if (!apiVersion.startsWith("sluice/")) return "kubernetes";
  return kind === "Fragment" || kind === "Test" ? kind : "Gateway";
}

/** What is wrong with a block, as people are told of it; empty if nothing is. */
export function faultsOf(block: Block): string {
  const { document, text } = block;
  switch (sortOf(block)) {
    case "Gateway":
      return findings(checkText("policy.yaml", text, included(block)));
    case "Fragment":
      return findings(checkText("policy.yaml", gatewayAround(text), { "fragment.yaml": text }));
    case "policies": {
      const fragment = `apiVersion: sluice/v1\nkind: Fragment\n${text}`;
      return findings(
        checkText("policy.yaml", gatewayAround(fragment), { "fragment.yaml": fragment, ...included(block) }),
      );
    }
    case "Test": {
      const loader = policyLoader(join(root, document), (policy) => check(policy));
      const tests = checkTestFile(new SourceFile("policy.test.yaml", text), kinds, loader);
      return tests === undefined ? "this is no file of tests" : findings(tests);
    }
    case "kubernetes":
      return resourceFaults(load(text)).join("\n");
    case "excerpt":
      return standsBeside(block) ? "" : "it stands in no YAML file of the folder";
  }
}

function findings({ diagnostics }: ReturnType<typeof checkText>): string {
  return renderText(diagnostics, { color: false });
}

/** The files that a gateway of a document includes or names, as they stand beside the document, or in a case of its kind. */
function included({ document, text }: Block): Record<string, string> {
  const { include = [] } = heads.parse(load(text));
  const folder = dirname(document);
  const named = [...text.matchAll(/^ +(?:wsdl: \.\/|jwks: file:)(\S+)$/gm)].map(([, path = ""]) => path);
  const there = [...include, ...named].flatMap((path) => {
    const places = [`${folder}/${path}`, ...sourceFiles(/\.wsdl$|\/jwks\.json$/)];
    const place = places.find(
      (one) => one.startsWith(folder) && one.endsWith(`/${path}`) && existsSync(join(root, one)),
    );
    return place === undefined ? [] : [[path, readFileSync(join(root, place), "utf8")] as const];
  });
  return Object.fromEntries(there);
}

/** A gateway that includes a fragment, uses each of its services and policies, and has what it lacks for that. */
function gatewayAround(fragment: string): string {
  const head = heads.parse(load(fragment));
  const services = Object.keys(head.services ?? { orders: {} });
  const apply = [...(authenticates(head) ? [] : ["signed-in"]), ...Object.keys(head.policies ?? {})];
  const captures = new Set([...fragment.matchAll(/route\.params\.(\w+)/g)].map(([, name]) => `/{${name}}`));
  return JSON.stringify({
    apiVersion: "sluice/v1",
    kind: "Gateway",
    name: "shop",
    include: ["fragment.yaml"],
    listeners: { public: { address: "127.0.0.1:8080" } },
    ...(head.services === undefined ? { services: { orders: { endpoints: ["127.0.0.1:9001"] } } } : {}),
    ...(head.consumers === undefined
      ? { consumers: { acme: { tier: "gold", groups: ["partners"], credentials: [{ apiKey: "env:ACME_KEY" }] } } }
      : {}),
    ...(authenticates(head)
      ? {}
      : { policies: { "signed-in": { authenticate: { anyOf: [{ apiKey: { header: "x-api-key" } }] } } } }),
    routes: services.map((to) => ({ name: to, match: { path: `/${to}${[...captures].join("")}/**` }, to, apply })),
  });
}

function authenticates({ policies = {} }: Head): boolean {
  return Object.values(policies).some((policy) => z.object({ authenticate: z.unknown() }).safeParse(policy).success);
}

function standsBeside({ document, text }: Block): boolean {
  const files = sourceFiles(/\.yaml$/).filter((path) => path.startsWith(`${dirname(document)}/`));
  return files.some((path) => isExcerpt(text, readFileSync(join(root, path), "utf8")));
}
