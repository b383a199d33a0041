import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { z } from "zod";
import type { RealRegistry } from "../../support/module-registry/service.js";
import { type CliResult, sluice } from "./cli.js";

const pushedSchema = z.object({
  images: z.array(
    z.object({
      name: z.string(),
      reference: z.string(),
      digest: z.string(),
      url: z.string(),
      sent: z.object({ blobs: z.number(), bytes: z.number() }),
      referrers: z.array(z.string()),
    }),
  ),
});
type Pushed = z.infer<typeof pushedSchema>["images"];

/** Digests differ with each module that is built. */
export const sums = (text: string) => text.replace(/\b[0-9a-f]{64}\b/g, "…");

/** A folder of a test in which `sluice` is called, with a Docker configuration of its own. */
export interface Workshop {
  at(...parts: string[]): string;
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<CliResult>;
  /** Its standard output; it says nothing else and ends with 0. */
  succeeds(...args: string[]): Promise<string>;
  pushed(layout: string, target: string, ...more: string[]): Promise<Pushed>;
  clear(): void;
}

export function workshop(): Workshop {
  const folder = mkdtempSync(join(tmpdir(), "sluice-images-"));
  const at = (...parts: string[]) => join(folder, ...parts);
  const run: Workshop["run"] = (args, env = {}) =>
    sluice(args, { cwd: folder, env: { DOCKER_CONFIG: at("docker"), ...env } });
  const succeeds: Workshop["succeeds"] = async (...args) => {
    const result = await run(args);
    expect(result, result.stderr).toMatchObject({ code: 0, stderr: "" });
    return result.stdout;
  };
  return {
    at,
    run,
    succeeds,
    async pushed(layout, target, ...more) {
      const text = await succeeds("wasm", "push", layout, target, "--plain-http", "--format", "json", ...more);
      return pushedSchema.parse(JSON.parse(text)).images;
    },
    clear: () => rmSync(folder, { recursive: true }),
  };
}

/** Names of repositories that no test has had. */
export function repositories(registry: () => RealRegistry): (name?: string) => string {
  let count = 0;
  return (name = "guard") => {
    count += 1;
    return `${registry().host}/test${count}/${name}`;
  };
}

/** A registry gives a manifest of a type that is asked for. */
const MANIFESTS = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json";

/** What a registry has, asked for by nobody but the test. */
export async function got(host: string, path: string): Promise<{ type: string | null; bytes: Buffer }> {
  const answer = await fetch(`http://${host}/v2/${path}`, { headers: { accept: MANIFESTS } });
  expect(answer.status, path).toBe(200);
  return { type: answer.headers.get("content-type"), bytes: Buffer.from(await answer.arrayBuffer()) };
}
