import { describe, expect, it } from "vitest";
import { sha256 } from "../wasm/verify.js";
import { archiveOf, compressed } from "./archive.js";
import { fetchedModule } from "./fetchers.js";
import type { Descriptor, Manifest } from "./manifest.js";
import { MEDIA } from "./media.js";

const MODULE = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 0, 2, 1, 0x78]);
const config = { mediaType: MEDIA.config, digest: `sha256:${sha256("")}`, size: 0 };

interface Layer {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

const raw = (bytes: Uint8Array = MODULE): Layer => ({ mediaType: MEDIA.module, bytes });
const other: Layer = { mediaType: MEDIA.moduleConfig, bytes: Buffer.from("{}") };
async function zipped(name: string, contents: Uint8Array = MODULE, mediaType: string = MEDIA.layer): Promise<Layer> {
  return { mediaType, bytes: compressed(await archiveOf({ name, contents })) };
}

async function outcomeOf(
  layers: readonly Layer[],
  { mediaType = MEDIA.manifest, most }: { mediaType?: string; most?: number } = {},
): Promise<string> {
  const described = layers.map(
    (layer): Descriptor => ({
      mediaType: layer.mediaType,
      digest: `sha256:${sha256(layer.bytes)}`,
      size: layer.bytes.length,
    }),
  );
  const manifest: Manifest = { schemaVersion: 2, mediaType, config, layers: described };
  const open = async ({ digest }: Descriptor) =>
    layers.find(({ bytes }) => digest === `sha256:${sha256(bytes)}`)?.bytes;
  const fetched = await fetchedModule(manifest, open, most);
  if (fetched.outcome === "refused") return fetched.fault;
  expect(Buffer.from(fetched.module)).toEqual(Buffer.from(MODULE));
  return fetched.format;
}

describe("an image is taken", () => {
  it("with the module in its only layer, in any folder", async () => {
    expect(await outcomeOf([await zipped("plugin.wasm")])).toBe("compat");
    expect(await outcomeOf([await zipped("./opt/plugin.wasm")])).toBe("compat");
  });

  it("with the module in the last of its layers", async () => {
    expect(await outcomeOf([await zipped("README"), await zipped("plugin.wasm")])).toBe("compat");
  });

  it("with a layer that is named twice, by the type that it has first", async () => {
    const layer = await zipped("plugin.wasm");
    expect(await outcomeOf([layer, { ...layer, mediaType: MEDIA.module }])).toBe("compat");
    expect(await outcomeOf([{ ...layer, mediaType: MEDIA.module }, layer])).toContain(
      "has a module that is compressed",
    );
  });

  it("of Docker, with its own types", async () => {
    const mediaType = MEDIA.dockerManifest;
    expect(await outcomeOf([await zipped("plugin.wasm", MODULE, MEDIA.dockerLayer)], { mediaType })).toBe("docker");
  });

  it("with two layers of which one is the module, in any order", async () => {
    expect(await outcomeOf([other, raw()])).toBe("artifact");
    expect(await outcomeOf([raw(), other])).toBe("artifact");
  });
});

describe("an image is refused", () => {
  const MAKE = "make it by `sluice wasm package`";

  it("without layers", async () => {
    expect(await outcomeOf([])).toBe(`has no layers, so there is no module in it; ${MAKE}`);
  });

  it("with one layer, or three, of which one is the module", async () => {
    expect(await outcomeOf([raw()])).toBe(
      `has 1 layer, and of an artifact with application/vnd.module.wasm.content.layer.v1+wasm the fetchers want exactly 2; ${MAKE} --format artifact`,
    );
    expect(await outcomeOf([other, other, raw()])).toContain("has 3 layers, and of an artifact");
  });

  it("whose last layer is something else", async () => {
    expect(await outcomeOf([await zipped("plugin.wasm"), other])).toBe(
      `ends with a layer of the type application/vnd.module.wasm.config.v1+json, and the fetchers take application/vnd.oci.image.layer.v1.tar+gzip there, or two layers of which one is application/vnd.module.wasm.content.layer.v1+wasm; ${MAKE}`,
    );
    const mediaType = MEDIA.dockerManifest;
    expect(await outcomeOf([await zipped("plugin.wasm")], { mediaType })).toBe(
      `ends with a layer of the type application/vnd.oci.image.layer.v1.tar+gzip, and of an image of Docker the fetchers want application/vnd.docker.image.rootfs.diff.tar.gzip; ${MAKE}`,
    );
  });

  it("without a file plugin.wasm, or with it in another layer than the last", async () => {
    expect(await outcomeOf([await zipped("guard.wasm")])).toBe(
      `has no plugin.wasm, which is the one name that the fetchers look for: its layer holds guard.wasm; ${MAKE}`,
    );
    expect(await outcomeOf([await zipped("plugin.wasm"), await zipped("README")])).toBe(
      `has no plugin.wasm, which is the one name that the fetchers look for: the last of its 2 layers, the only one that they open, holds README; ${MAKE}`,
    );
    const empty = { mediaType: MEDIA.layer, bytes: compressed(new Uint8Array(1024)) };
    expect(await outcomeOf([empty])).toContain("its layer holds nothing;");
  });

  it("whose layer is no compressed archive", async () => {
    expect(await outcomeOf([{ mediaType: MEDIA.layer, bytes: MODULE }])).toBe(
      `has a layer that cannot be read: it is not compressed by gzip (incorrect header check); ${MAKE}`,
    );
    const text = { mediaType: MEDIA.layer, bytes: compressed(Buffer.alloc(1024, "x")) };
    expect(await outcomeOf([text])).toContain("has a layer that cannot be read: it holds no archive of tar (");
    const { bytes } = await zipped("plugin.wasm");
    expect(await outcomeOf([{ mediaType: MEDIA.layer, bytes: bytes.subarray(0, 60) }])).toContain(
      "it is not compressed by gzip (unexpected end of file)",
    );
  });

  it("with something else for a module", async () => {
    expect(await outcomeOf([other, raw(Buffer.from("#!/bin/sh\n"))])).toBe(
      "has something for a module that does not begin as WebAssembly does (00 61 73 6d, and a version); package the .wasm file itself",
    );
    expect(await outcomeOf([await zipped("plugin.wasm", MODULE.subarray(0, 7))])).toContain("does not begin");
    expect(await outcomeOf([other, raw(compressed(MODULE))])).toBe(
      `has a module that is compressed, and of an artifact the fetchers read it as it is; ${MAKE}`,
    );
  });

  it("with more than they read", async () => {
    const most = 1024 * 1024;
    const large = new Uint8Array(most + 1);
    large.set(MODULE);
    expect(await outcomeOf([other, raw(large)], { most })).toBe(
      "has a module of more than 1 MiB, of which the fetchers read no more; take a smaller one",
    );
    expect(await outcomeOf([await zipped("plugin.wasm", large)], { most })).toBe(
      `has a layer that cannot be read: it unpacks to more than 1 MiB; ${MAKE}`,
    );
  });
});
