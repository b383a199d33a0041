import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { sha256, verifyModule } from "../wasm/verify.js";
import { compressed, unpacked } from "./archive.js";
import { imageOf, type Packaged } from "./image.js";
import { layoutFiles } from "./layout.js";

/** Two functions of the host, one callback, the ABI, one memory: made by hand, byte for byte. */
const text = (word: string) => [word.length, ...Buffer.from(word)];
const section = (id: number, ...content: number[]) => [id, content.length, ...content];
const exported = ["proxy_abi_version_0_2_1", "proxy_on_request_headers"];
const bytes = Uint8Array.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, 1, 0x60, 0, 0),
  ...section(2, 2, ...text("env"), ...text("proxy_log"), 0, 0, ...text("wasi"), ...text("random_get"), 0, 0),
  ...section(3, 1, 0),
  ...section(5, 1, 1, 1, 1),
  ...section(7, 2, ...exported.flatMap((name) => [...text(name), 0, 2])),
  ...section(10, 1, 2, 0, 0x0b),
]);

const module: Packaged = {
  name: "guard.wasm",
  bytes,
  facts: verifyModule(bytes, undefined).facts,
  version: "0.1.0",
  bill: { text: "{}\n", license: "Apache-2.0" },
};

/** SHA-256 of the module. */
const DIGEST = sha256(bytes);

describe("a compat image", () => {
  it("has one layer with one file, of nobody and of no time", async () => {
    const { manifest, blobs } = await imageOf(module, "compat", {});
    expect(manifest.layers.map(({ mediaType }) => mediaType)).toEqual(["application/vnd.oci.image.layer.v1.tar+gzip"]);
    const layer = blobs.find(({ digest }) => digest === manifest.layers[0]?.digest);
    const zipped = Buffer.from(layer?.bytes ?? []);
    // Flags, time, and what it depends on (RFC 1952, 2.3.1).
    expect([...zipped.subarray(3, 10)]).toEqual([0, 0, 0, 0, 0, 2, 3]);
    const archive = gunzipSync(zipped);
    expect(archive.length % 512).toBe(0);
    expect(await unpacked(zipped, 4096)).toEqual({
      outcome: "unpacked",
      files: [{ name: "plugin.wasm", contents: Buffer.from(bytes) }],
    });
    const field = (at: number, length: number) => archive.toString("latin1", at, at + length).replace(/[ \0]+$/, "");
    expect({ mode: field(100, 8), uid: field(108, 8), gid: field(116, 8), time: field(136, 12) }).toEqual({
      mode: "000644",
      uid: "000000",
      gid: "000000",
      time: "00000000000",
    });
    expect({ user: field(265, 32), group: field(297, 32) }).toEqual({ user: "", group: "" });
    const config = JSON.parse(Buffer.from(blobs[0]?.bytes ?? []).toString());
    expect(config).toEqual({
      architecture: "amd64",
      os: "linux",
      config: {},
      rootfs: { type: "layers", diff_ids: [`sha256:${sha256(archive)}`] },
    });
  });

  it("says what it holds, and where it is from", async () => {
    const origin = { source: "https://example.com/sluice", revision: "abc123" };
    expect((await imageOf(module, "compat", origin)).manifest.annotations).toEqual({
      "org.opencontainers.image.title": "guard.wasm",
      "org.opencontainers.image.version": "0.1.0",
      "org.opencontainers.image.licenses": "Apache-2.0",
      "org.opencontainers.image.source": "https://example.com/sluice",
      "org.opencontainers.image.revision": "abc123",
      "module.wasm.image/variant": "compat",
      "sluice.module.sha256": DIGEST,
      "sluice.module.abi": "0.2.1",
      "sluice.module.capabilities": "proxy_log,proxy_on_request_headers,random_get",
    });
  });
});

it("an artifact has exactly two layers, and the module as it is", async () => {
  const { manifest, blobs } = await imageOf(module, "artifact", {});
  expect(manifest.config.mediaType).toBe("application/vnd.module.wasm.config.v1+json");
  expect(manifest.layers.map(({ mediaType, annotations }) => [mediaType, annotations])).toEqual([
    ["application/vnd.module.wasm.config.v1+json", { "org.opencontainers.image.title": "runtime-config.json" }],
    ["application/vnd.module.wasm.content.layer.v1+wasm", { "org.opencontainers.image.title": "plugin.wasm" }],
  ]);
  expect(manifest.layers[1]).toMatchObject({ digest: `sha256:${DIGEST}`, size: bytes.length });
  expect(manifest.annotations).not.toHaveProperty("module.wasm.image/variant");
  expect(JSON.parse(Buffer.from(blobs[0]?.bytes ?? []).toString())).toEqual({
    type: "envoy_proxy",
    abiVersions: ["0.2.1"],
    config: {},
  });
});

it("a bill of materials is an image of its own, which refers to that of the module", async () => {
  for (const format of ["compat", "artifact"] as const) {
    const { descriptor, bill } = await imageOf(module, format, {});
    expect(bill?.manifest).toMatchObject({
      artifactType: "application/vnd.cyclonedx+json",
      config: { mediaType: "application/vnd.oci.empty.v1+json", size: 2 },
      layers: [
        {
          mediaType: "application/vnd.cyclonedx+json",
          digest: `sha256:${sha256("{}\n")}`,
          annotations: { "org.opencontainers.image.title": "guard.cdx.json" },
        },
      ],
      subject: { mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size },
    });
  }
  const { bill, version, ...rest } = module;
  const without = await imageOf(rest, "compat", {});
  expect(without).not.toHaveProperty("bill");
  expect(Object.keys(without.manifest.annotations ?? {})).not.toContain("org.opencontainers.image.version");
});

it("the same module has the same digests on every machine, in every version of Node", async () => {
  const [compat, artifact] = [await imageOf(module, "compat", {}), await imageOf(module, "artifact", {})];
  expect([compat, artifact].map((image) => image.descriptor.digest)).toEqual([
    "sha256:38a21f55335f7c1afe2bb27bb9d062b343b8aaaac9278fc5191b0511ae81827a",
    "sha256:a97aa01ab94798e23871fc3e5e0de5a4e0226d15e57918eebc4d173be7554cde",
  ]);
  // Enough to be compressed in several ways.
  const long = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * index) % 251));
  expect(sha256(compressed(long))).toBe("63c69fe704703167eaa1b1c05d89a2b681ecb33d2a062b01ff543eb063361c0c");
});

it("a layout has each blob once, and its index last", async () => {
  const images = await Promise.all(
    ["auth.wasm", "guard.wasm"].map((name) => imageOf({ ...module, name }, "artifact", {})),
  );
  const files = layoutFiles(images);
  const paths = files.map(({ path }) => path);
  expect(paths).toEqual([...new Set(paths)]);
  expect(paths.slice(-2)).toEqual(["oci-layout", "index.json"]);
  // One module, its configuration, the empty one, the bill; a manifest and one of the bill for each name.
  expect(paths).toHaveLength(4 + 4 + 2);
  for (const { path, contents } of files.slice(0, -2)) expect(path).toBe(`blobs/sha256/${sha256(contents)}`);
  expect(files.at(-2)?.contents).toBe('{"imageLayoutVersion":"1.0.0"}\n');
  expect(JSON.parse(String(files.at(-1)?.contents))).toMatchObject({
    manifests: [
      { annotations: { "org.opencontainers.image.ref.name": "auth" } },
      { artifactType: "application/vnd.cyclonedx+json" },
      { annotations: { "org.opencontainers.image.ref.name": "guard" } },
      { artifactType: "application/vnd.cyclonedx+json" },
    ],
    annotations: { "sluice.writer": "sluice wasm package" },
  });
});
