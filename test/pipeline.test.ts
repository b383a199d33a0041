import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { renderText } from "../compiler/diagnostics/render/text.js";
import { check, checkText, compile, type GatewayPlan } from "../compiler/index.js";
import { hasErrors, verified } from "../compiler/pipeline.js";
import { targets } from "../compiler/targets/index.js";
import type { Emission } from "../compiler/targets/target.js";

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners:
  public: { address: 127.0.0.1:8080 }
routes:
  - { name: hello, match: { path: /hello }, respond: { status: 200 } }
`;

function planOf(policy: string): GatewayPlan {
  const { plan, diagnostics } = checkText("policy.yaml", policy);
  if (plan === undefined) throw new Error(renderText(diagnostics, { color: false }));
  return plan;
}

/** Checks bytes as a file; the name of its folder is taken out of the findings. */
function findingsOf(bytes: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), "sluice-pipeline-"));
  try {
    const path = join(folder, "policy.yaml");
    writeFileSync(path, bytes);
    return renderText(check(path).diagnostics, { color: false }).replaceAll(`${folder}/`, "");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("verify", () => {
  const sound: Emission = {
    artifacts: [{ path: "envoy.yaml", contents: "{}\n" }],
    where: {},
    modules: [],
    violations: [],
  };

  it("lets an emission pass that breaks no rule", () => {
    expect(verified(planOf(POLICY), sound)).toEqual({ emission: sound, diagnostics: [] });
  });

  it("turns each broken rule of our own output into an error that says whose mistake it is", () => {
    const violations = [
      { path: "static_resources.listeners[0].name", message: "is used by another listener" },
      { path: "static_resources.clusters[0].{type}", message: "is required" },
    ];
    const { diagnostics } = verified(planOf(POLICY), { ...sound, violations });
    expect(hasErrors(diagnostics)).toBe(true);
    expect(
      renderText(diagnostics, { color: false }),
    ).toBe(`policy.yaml:3:7: error SL0901: Sluice emitted a configuration that Envoy would refuse (static_resources.listeners[0].name: is used by another listener); this is a bug of Sluice, please report it
  3 | name: shop
    |       ^^^^

policy.yaml:3:7: error SL0901: Sluice emitted a configuration that Envoy would refuse (static_resources.clusters[0].{type}: is required); this is a bug of Sluice, please report it
  3 | name: shop
    |       ^^^^

2 errors
`);
  });
});

describe("read", () => {
  it("says where a file ceases to be UTF-8, and reads no further", () => {
    const bytes = Buffer.concat([
      Buffer.from("apiVersion: sluice/v1\nname: caf"),
      Buffer.from([0xe9]),
      Buffer.from("\nkind: Other\n"),
    ]);
    expect(findingsOf(bytes)).toBe(`policy.yaml:2:10: error SL0020: not UTF-8 from here on
  2 | name: caf\ufffd
    |          ^

1 error
`);
  });

  it("takes U+FFFD, which is a character like others, for one", () => {
    expect(findingsOf(Buffer.from(`${POLICY}# \ufffd\n`))).toBe("");
  });

  it("shows the first hundred findings about the text, and where the others begin", () => {
    const { plan, diagnostics } = checkText(
      "policy.yaml",
      Array.from({ length: 103 }, (_, index) => `k${index}: &a 1\n`).join(""),
    );
    expect(plan).toBeUndefined();
    const texts = renderText(diagnostics, { color: false }).split("\n\n");
    expect(texts.filter((text) => text.includes("SL0007"))).toHaveLength(100);
    expect(texts.filter((text) => text.includes("SL0018"))).toEqual([
      "policy.yaml:101:7: error SL0018: only the first 100 errors of this file are shown; 3 more start here\n  101 | k100: &a 1\n      |       ^^",
    ]);
  });
});

describe("plan", () => {
  it("refuses a gateway whose configuration the filter would not read", () => {
    const names = Array.from({ length: 64 }, (_, index) => `${"p".repeat(60)}-${index}`);
    const text = (routes: number) =>
      [
        POLICY.slice(0, POLICY.indexOf("routes:")),
        "policies:\n",
        ...names.map((name) => `  ${name}: { authorize: { rules: [{ name: all, allow: "true" }] } }\n`),
        `mandatory: { apply: [${names.join(", ")}] }\nroutes:\n`,
        ...Array.from(
          { length: routes },
          (_, index) => `  - { name: r-${index}, match: { path: /${index} }, respond: { status: 200 } }\n`,
        ),
      ].join("");
    expect(checkText("policy.yaml", text(1_000)).plan).toBeDefined();
    const { plan, diagnostics } = checkText("policy.yaml", text(4_200));
    expect(plan).toBeUndefined();
    const errors = diagnostics.filter(({ severity }) => severity === "error");
    expect(renderText(errors, { color: false }).replace(/\d{8} bytes/, "many bytes")).toContain(
      "policy.yaml:3:7: error SL0417: the configuration of the filter has many bytes; at most 16777216 are possible\n",
    );
  });
});

describe("emit", () => {
  it("takes a listener and a service that are named like a member of every object", async () => {
    const policy = `${POLICY.replace("public:", "constructor:")}  - { name: to, match: { path: /to }, to: constructor }
services:
  constructor: { endpoints: [127.0.0.1:9001] }
`;
    const emission = await targets[0]?.emit(planOf(policy), {});
    expect(emission?.violations).toEqual([]);
    expect(emission?.artifacts[0]?.contents).toContain("port_value: 9001");
    expect(emission?.artifacts[0]?.contents).toContain("port_value: 8080");
  });

  it("refuses a target that there is not, and names those that there are", async () => {
    const refused = compile("examples/quickstart/policy.yaml", "nginx");
    await expect(refused).rejects.toThrow("no target is named nginx; there are: envoy, envoy-gateway, istio");
  });
});
