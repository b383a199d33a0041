import type { Descriptor, Index } from "../../oci/manifest.js";
import { IMAGE_ANNOTATION } from "../../oci/media.js";
import { type FoundImage, type Store, verifyImage } from "../../oci/verify.js";
import { contractOf } from "../../wasm/contracts.js";
import type { FileVerdict } from "../../wasm/report.js";
import { sha256, verifyModule } from "../../wasm/verify.js";
import { packagePin, SHIPPED, UNVOUCHED } from "../verification.js";
import { indexIn, layoutStore } from "./layout-store.js";

/** A layout: its index, and each image that it names, with the module in it. */
export async function verifiedLayout(folder: string): Promise<FileVerdict[]> {
  const found = indexIn(folder);
  if (found.outcome === "damaged") return [{ path: found.path, faults: [found.fault] }];
  const { path, bytes, index } = found;
  const images = [];
  for (const descriptor of index.manifests)
    images.push(inLayout(await verifyImage(layoutStore(folder), descriptor, path), index, path));
  const own = { path, found: { sha256: sha256(bytes), size: bytes.length }, faults: indexFaults(index) };
  return [own, ...images];
}

/** What belongs to an image is of no use without it. */
function inLayout(image: FoundImage, { manifests }: Index, from: string): FileVerdict {
  const verdict = imageVerdict(image);
  const { subject } = verdict;
  if (subject === undefined || manifests.some(({ digest }) => digest === subject)) return verdict;
  const fault = `belongs to ${subject}, which ${from} does not name; make it by \`sluice wasm package\``;
  return { ...verdict, faults: [...verdict.faults, fault] };
}

/** One image of a registry. */
export async function verifiedImage(store: Store, descriptor: Descriptor, from: string): Promise<FileVerdict> {
  return imageVerdict(await verifyImage(store, descriptor, from));
}

function indexFaults({ manifests }: Index): string[] {
  const names = manifests.flatMap(({ annotations }) => annotations?.[IMAGE_ANNOTATION.refName] ?? []);
  const twice = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
  return [
    ...(manifests.length === 0 ? ["names no image; make it by `sluice wasm package`"] : []),
    ...twice.map((name) => `has two images of the name ${name}; make it by \`sluice wasm package\``),
  ];
}

function imageVerdict({ path, found, manifest, format, module, faults }: FoundImage): FileVerdict {
  const subject = manifest?.subject?.digest;
  const base = { path, ...(found === undefined ? {} : { found }), ...(subject === undefined ? {} : { subject }) };
  if (module === undefined || format === undefined) return { ...base, faults };
  const title = manifest?.annotations?.[IMAGE_ANNOTATION.title];
  const image = { ...(title === undefined ? {} : { title }), format };
  const pin = title === undefined ? undefined : packagePin(title);
  const judged = verifyModule(module, title === undefined ? undefined : contractOf(title.replace(/\.wasm$/, "")));
  const { facts } = judged;
  const vouched =
    pin === undefined
      ? [`${UNVOUCHED}: ${whose(title)}, and sluice ships ${SHIPPED} only`]
      : otherModule(facts.sha256, pin, manifest?.annotations?.[IMAGE_ANNOTATION.version]);
  return {
    ...base,
    image,
    facts,
    ...(pin === undefined ? {} : { pin }),
    faults: [...faults, ...vouched, ...judged.faults, ...wrongAnnotations(manifest?.annotations ?? {}, facts)],
  };
}

function otherModule(found: string, pin: { sha256: string; from: string }, version: string | undefined): string[] {
  if (found === pin.sha256) return [];
  const own = version === undefined ? "" : `, or verify it by sluice ${version}, from which it says it is`;
  return [`has a module with the digest ${found}, and ${pin.from} says ${pin.sha256}; package it again${own}`];
}

function whose(title: string | undefined): string {
  return title === undefined
    ? `its annotation ${IMAGE_ANNOTATION.title} does not say which module it has`
    : `it says that its module is ${title}`;
}

/** People choose images by what is written on them. */
function wrongAnnotations(
  annotations: Readonly<Record<string, string>>,
  facts: { readonly sha256: string; readonly abi: readonly string[] },
): string[] {
  const said = [
    [IMAGE_ANNOTATION.moduleSha256, facts.sha256],
    [IMAGE_ANNOTATION.abi, facts.abi.join(",")],
  ] as const;
  return said.flatMap(([key, actual]) => {
    const claimed = annotations[key];
    return claimed === undefined || claimed === actual
      ? []
      : [`says by its annotation ${key} ${claimed}, and its module has ${actual}; make it by \`sluice wasm package\``];
  });
}
