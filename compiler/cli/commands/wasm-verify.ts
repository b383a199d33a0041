import { statSync } from "node:fs";
import { readManifestTypes } from "../../oci/media.js";
import { readReference } from "../../oci/reference.js";
import { type FileVerdict, renderVerdicts, renderVerdictsJson } from "../../wasm/report.js";
import { EXIT, UsageError } from "../exit.js";
import { credentialsFor } from "../oci/credentials.js";
import { isLayout } from "../oci/layout-store.js";
import { repositoryOf } from "../oci/registry.js";
import { registryImage } from "../oci/registry-store.js";
import { verifiedImage, verifiedLayout } from "../oci/verification.js";
import { verifiedFile, verifiedFolder, verifiedPackage } from "../verification.js";
import type { VERDICT_FORMATS } from "./wasm-options.js";

export interface WasmVerifyOptions {
  format: (typeof VERDICT_FORMATS)[number];
  plainHttp?: true;
}

/**
 * `sluice wasm verify`: modules by themselves, folders that were compiled into, image layouts, images of a registry; without a
 * path, the modules of the package.
 */
export async function wasmVerifyCommand(paths: readonly string[], options: WasmVerifyOptions): Promise<number> {
  const verdicts = paths.length === 0 ? verifiedPackage() : [];
  for (const path of paths) verdicts.push(...(await verified(path, options)));
  process.stdout.write(rendered(verdicts, options.format));
  return verdicts.every(({ faults }) => faults.length === 0) ? EXIT.ok : EXIT.findings;
}

async function verified(path: string, options: WasmVerifyOptions): Promise<FileVerdict[]> {
  if (path.startsWith("oci://")) return [await verifiedReference(path, options)];
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!isFolder) return [verifiedFile(path)];
  return isLayout(path) ? verifiedLayout(path) : verifiedFolder(path);
}

/** As a cluster would fetch it. */
async function verifiedReference(text: string, { plainHttp }: WasmVerifyOptions): Promise<FileVerdict> {
  const read = readReference(text);
  if (read.outcome === "wrong") throw new UsageError(`${text}: ${read.reason}`);
  const { reference } = read;
  const name = reference.digest ?? reference.tag;
  if (name === undefined) throw new UsageError(`${text}: name a tag or a digest, as in ${text}:1.0.0`);
  const credentials = await credentialsFor(reference.registry, process.env);
  const repository = repositoryOf(reference, {
    plainHttp: plainHttp === true,
    push: false,
    accept: readManifestTypes,
    ...(credentials === undefined ? {} : { credentials }),
  });
  const { store, descriptor } = await registryImage(repository, reference, name);
  return verifiedImage(store, descriptor, text);
}

function rendered(verdicts: readonly FileVerdict[], format: WasmVerifyOptions["format"]): string {
  switch (format) {
    case "text":
      return renderVerdicts(verdicts);
    case "json":
      return renderVerdictsJson(verdicts);
  }
}
