import { readManifestTypes } from "../../oci/media.js";
import { renderVerdicts } from "../../wasm/report.js";
import { EnvironmentError, EXIT } from "../exit.js";
import { credentialsFor } from "../oci/credentials.js";
import { isLayout } from "../oci/layout-store.js";
import { type Pushed, push, shipmentsOf } from "../oci/push.js";
import { repositoryOf } from "../oci/registry.js";
import { verifiedLayout } from "../oci/verification.js";
import type { VERDICT_FORMATS } from "./wasm-options.js";

export interface WasmPushOptions {
  plainHttp?: true;
  sbom: boolean;
  format: (typeof VERDICT_FORMATS)[number];
}

/** `sluice wasm push`: the images of a layout to a registry; none of them if one is not as a cluster takes it. */
export async function wasmPushCommand(folder: string, target: string, options: WasmPushOptions): Promise<number> {
  if (!isLayout(folder)) throw new EnvironmentError(`${folder}: no image layout, which \`sluice wasm package\` writes`);
  const verdicts = await verifiedLayout(folder);
  if (verdicts.some(({ faults }) => faults.length > 0)) {
    process.stderr.write(`${renderVerdicts(verdicts)}nothing was pushed\n`);
    return EXIT.findings;
  }
  const pushed: Pushed[] = [];
  for (const shipment of shipmentsOf(folder, target)) {
    const credentials = await credentialsFor(shipment.to.registry, process.env);
    const repository = repositoryOf(shipment.to, {
      plainHttp: options.plainHttp === true,
      push: true,
      accept: readManifestTypes,
      ...(credentials === undefined ? {} : { credentials }),
    });
    const done = await push(folder, options.sbom ? shipment : { ...shipment, referrers: [] }, repository);
    pushed.push(done);
    if (options.format === "text") process.stdout.write(textOf(done));
  }
  if (options.format === "json") process.stdout.write(`${JSON.stringify({ images: pushed }, undefined, 2)}\n`);
  return EXIT.ok;
}

function textOf({ name, reference, digest, url, sent, referrers }: Pushed): string {
  const blobs =
    sent.blobs === 0
      ? "every blob was there"
      : `${sent.blobs} ${sent.blobs === 1 ? "blob" : "blobs"}, ${sent.bytes} bytes sent`;
  return [
    `pushed ${reference} (${name}): ${blobs}`,
    `  digest  ${digest}`,
    `  url     ${url}`,
    ...referrers.map((one) => `  bill of materials  ${one}`),
    "",
  ].join("\n");
}
