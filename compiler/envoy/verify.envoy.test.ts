import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromJson } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { requireEnvoy } from "../../test/support/envoy.js";
import { BootstrapSchema } from "./generated/envoy/config/bootstrap/v3/bootstrap_pb.js";
import { toYaml } from "./print.js";
import { registry } from "./registry.js";
import { cases } from "./verify.cases.js";

describe("Envoy's own verdict", () => {
  let folder = "";
  let envoy = "";

  beforeAll(async () => {
    envoy = (await requireEnvoy()).path;
    folder = await mkdtemp(join(tmpdir(), "sluice-verify-"));
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  for (const [index, { name, config, violation, envoy: said, stricter }] of cases.entries()) {
    const refuses = violation !== undefined && stricter === undefined;
    it(`${refuses ? "refuses" : "takes"} ${name}`, async () => {
      const file = join(folder, `${index}.yaml`);
      await writeFile(file, toYaml(BootstrapSchema, fromJson(BootstrapSchema, config, { registry })));
      const { status, output } = await validate(envoy, file);
      if (refuses) {
        expect(said, "a case that Envoy refuses says why").toBeDefined();
        expect(output).toContain(said);
        expect(status).toBe(1);
      } else {
        expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining("OK") });
      }
    });
  }
});

function validate(
  envoy: string,
  file: string,
): Promise<{ status: number | string | null | undefined; output: string }> {
  const options = [
    "--mode",
    "validate",
    "--config-path",
    file,
    "--log-level",
    "error",
    "--disable-hot-restart",
    "--concurrency",
    "1",
  ];
  return new Promise((resolve) => {
    execFile(envoy, options, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : error.code, output: stdout + stderr });
    });
  });
}
