import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { modulesFolder } from "../../compiler/cli/files.js";
import { sha256 } from "../../compiler/wasm/verify.js";
import { type RealRegistry, START_TIMEOUT_MS, startRegistry } from "../support/module-registry/service.js";
import { got, repositories, sums, type Workshop, workshop } from "./support/images.js";

// Images that are not as they were packaged: what `sluice wasm verify` says, and what the fetchers of Istio and Envoy Gateway do.

let open: RealRegistry;
beforeAll(async () => {
  open = await startRegistry();
}, START_TIMEOUT_MS);
afterAll(() => open?.stop());
const repository = repositories(() => open);

let work: Workshop;
const at = (...parts: string[]) => work.at(...parts);
const run: Workshop["run"] = (...args) => work.run(...args);
const succeeds: Workshop["succeeds"] = (...args) => work.succeeds(...args);
const pushed: Workshop["pushed"] = (...args) => work.pushed(...args);
beforeEach(() => {
  work = workshop();
});
afterEach(() => work.clear());

describe("images that somebody changed", () => {
  interface Layers {
    layers: { mediaType: string }[];
    mediaType: string;
  }
  /** What is done to the manifest, and what both fetchers and `wasm verify` then make of it: part of a fault, or nothing. */
  const changes: readonly (readonly [string, "compat" | "artifact", (manifest: Layers) => void, string | undefined])[] =
    [
      ["left as it is", "compat", () => {}, undefined],
      ["without a type of its own", "compat", (manifest) => Reflect.deleteProperty(manifest, "mediaType"), undefined],
      ["with its layers the other way round", "artifact", ({ layers }) => layers.reverse(), undefined],
      ["with its layer twice", "compat", ({ layers }) => layers.push(...layers), undefined],
      ["without layers", "compat", ({ layers }) => layers.splice(0), "has no layers"],
      ["with one layer only", "artifact", ({ layers }) => layers.splice(0, 1), "has 1 layer, and of an artifact"],
      ["with three layers", "artifact", ({ layers }) => layers.push(...layers.slice(0, 1)), "has 3 layers"],
      [
        "with the module under another type",
        "artifact",
        ({ layers }) => retype(layers, "application/wasm"),
        "ends with a layer of the type application/wasm",
      ],
      [
        "with the module called an archive",
        "artifact",
        ({ layers }) => retype(layers, "application/vnd.oci.image.layer.v1.tar+gzip"),
        "it is not compressed by gzip",
      ],
      [
        "with its layer once more under another type",
        "compat",
        ({ layers }) => {
          layers.push(...layers);
          retype(layers, "application/vnd.module.wasm.content.layer.v1+wasm");
        },
        undefined,
      ],
      [
        "with an archive of another compression",
        "compat",
        ({ layers }) => retype(layers, "application/vnd.oci.image.layer.v1.tar+zstd"),
        "ends with a layer of the type application/vnd.oci.image.layer.v1.tar+zstd",
      ],
    ];

  function retype(layers: { mediaType: string }[], mediaType: string): void {
    const last = layers.pop();
    if (last !== undefined) layers.push({ ...last, mediaType });
  }

  it("are taken by the fetchers exactly where wasm verify takes them", async () => {
    const urls: string[] = [];
    for (const [name, format, change] of changes) {
      const path = repository().replace(`${open.host}/`, "");
      await succeeds("wasm", "package", join(modulesFolder(), "guard.wasm"), "--out", format, "--format", format);
      await pushed(format, `${open.host}/${path}:before`);
      const manifest = JSON.parse((await got(open.host, `${path}/manifests/before`)).bytes.toString());
      change(manifest);
      const put = await fetch(`http://${open.host}/v2/${path}/manifests/changed`, {
        method: "PUT",
        headers: { "content-type": "application/vnd.oci.image.manifest.v1+json" },
        body: JSON.stringify(manifest),
      });
      expect(put.status, name).toBe(201);
      urls.push(`oci://${open.host}/${path}:changed`);
    }
    const { stdout } = await run(["wasm", "verify", ...urls, "--plain-http", "--format", "json"]);
    const files = z
      .object({ files: z.array(z.object({ faults: z.array(z.string()) })) })
      .parse(JSON.parse(stdout)).files;
    const fetched = await open.fetch(urls);
    const found = changes.map(([name, , , fault], index) => [
      name,
      files[index]?.faults.length === 1 && fault !== undefined && files[index].faults[0]?.includes(fault)
        ? fault
        : files[index]?.faults[0],
      ...fetched.filter(({ url }) => url === urls[index]).map(({ error }) => error === undefined),
    ]);
    expect(found).toEqual(changes.map(([name, , , fault]) => [name, fault, fault === undefined, fault === undefined]));
  });

  it("stand in an index for one processor, and only that for linux/amd64 is taken, wherever it is fetched", async () => {
    const index = "application/vnd.oci.image.index.v1+json";
    const path = repository().replace(`${open.host}/`, "");
    await succeeds("wasm", "package", join(modulesFolder(), "guard.wasm"), "--out", "images");
    const [image] = await pushed("images", `${open.host}/${path}:one`);
    const size = (await got(open.host, `${path}/manifests/one`)).bytes.length;
    const outcomes = [];
    for (const architecture of ["amd64", "arm64"]) {
      const mediaType = "application/vnd.oci.image.manifest.v1+json";
      const entry = { mediaType, digest: image?.digest, size, platform: { os: "linux", architecture } };
      const put = await fetch(`http://${open.host}/v2/${path}/manifests/${architecture}`, {
        method: "PUT",
        headers: { "content-type": index },
        body: JSON.stringify({ schemaVersion: 2, mediaType: index, manifests: [entry] }),
      });
      expect(put.status).toBe(201);
      const url = `oci://${open.host}/${path}:${architecture}`;
      const { code } = await run(["wasm", "verify", url, "--plain-http"]);
      outcomes.push([code, ...(await open.fetch([url])).map(({ error }) => error === undefined)]);
    }
    expect(outcomes).toEqual([
      [0, true, true],
      [1, false, false],
    ]);
  });

  it("on the disk are found, and not pushed", async () => {
    await succeeds("wasm", "package", join(modulesFolder(), "guard.wasm"), "--out", "images");
    const index = JSON.parse(readFileSync(at("images/index.json"), "utf8"));
    const place = (digest: string) => at("images/blobs", digest.replace(":", "/"));
    const [image, bill] = index.manifests;
    const manifest = JSON.parse(readFileSync(place(image.digest), "utf8"));
    const faults = async () => {
      const { code, stdout } = await run(["wasm", "verify", "images"]);
      expect(code).toBe(1);
      return sums(stdout).match(/^ {2}(?:has|is|names|does|says|belongs .*;).*$/gm);
    };
    const keeping = async (path: string, contents: string | Buffer, check: () => Promise<void>) => {
      const before = readFileSync(path);
      writeFileSync(path, contents);
      await check();
      writeFileSync(path, before);
    };
    await keeping(place(manifest.layers[0].digest), "x", async () => {
      expect(await faults()).toContain(
        "  names sha256:…, which has the digest sha256:…, and images/blobs/sha256/… says sha256:…; make it by `sluice wasm package`, or find out who changed it",
      );
      const push = await run(["wasm", "push", "images", repository(), "--plain-http"]);
      expect({ code: push.code, stdout: push.stdout }).toEqual({ code: 1, stdout: "" });
      expect(push.stderr).toMatch(/: WRONG, [\s\S]*nothing was pushed\n$/);
    });
    await keeping(place(image.digest), "{}", async () => {
      expect(await faults()).toContain(
        "  has the digest sha256:…, and images/index.json says sha256:…; make it by `sluice wasm package`, or find out who changed it",
      );
    });
    const written = (change: (value: typeof index) => void) => {
      const copy = structuredClone(index);
      change(copy);
      return JSON.stringify(copy);
    };
    await keeping(
      at("images/index.json"),
      written(({ manifests }) => (manifests[0].size += 1)),
      async () => {
        expect(await faults()).toContainEqual(
          expect.stringMatching(/^ {2}has \d+ bytes, and images\/index\.json says \d+; make it/),
        );
      },
    );
    await keeping(
      at("images/index.json"),
      written(({ manifests }) => (manifests[0].mediaType = "text/plain")),
      async () => {
        expect(await faults()).toContain(
          "  is of the type text/plain by images/index.json, and the fetchers want an image: application/vnd.oci.image.manifest.v1+json; make it by `sluice wasm package`",
        );
      },
    );
    await keeping(
      at("images/index.json"),
      written(({ manifests }) => manifests.shift()),
      async () => {
        expect(await faults()).toContain(
          "  belongs to sha256:…, which images/index.json does not name; make it by `sluice wasm package`",
        );
      },
    );
    await keeping(
      at("images/index.json"),
      written(({ manifests }) => manifests.splice(0)),
      async () => {
        expect(await faults()).toEqual(["  names no image; make it by `sluice wasm package`"]);
      },
    );
    await keeping(
      at("images/index.json"),
      written(({ manifests }) => manifests.push(manifests[0])),
      async () => {
        expect(await faults()).toEqual(["  has two images of the name guard; make it by `sluice wasm package`"]);
      },
    );
    await keeping(at("images/index.json"), "{", async () => {
      expect(await faults()).toEqual([expect.stringMatching(/^ {2}is no index that can be read: /)]);
    });
    await keeping(at("images/oci-layout"), '{"imageLayoutVersion":"2.0.0"}', async () => {
      expect(await faults()).toEqual([
        expect.stringMatching(
          /^ {2}does not say that this is an image layout of version 1\.0\.0: imageLayoutVersion: /,
        ),
      ]);
    });
    rmSync(place(bill.digest));
    expect(await faults()).toEqual(["  is missing, and images/index.json names it; make it by `sluice wasm package`"]);
  });

  it("whose module is another one, or which say so, are found", async () => {
    const other = readFileSync(join(modulesFolder(), "auth.wasm"));
    await succeeds("wasm", "package", join(modulesFolder(), "guard.wasm"), "--out", "images", "--format", "artifact");
    const index = JSON.parse(readFileSync(at("images/index.json"), "utf8"));
    const manifest = JSON.parse(readFileSync(at("images/blobs", index.manifests[0].digest.replace(":", "/")), "utf8"));
    const store = (contents: string | Buffer) => {
      writeFileSync(at("images/blobs/sha256", sha256(contents)), contents);
      return { digest: `sha256:${sha256(contents)}`, size: contents.length };
    };
    const judged = async (value: unknown) => {
      const descriptor = { mediaType: manifest.mediaType, ...store(JSON.stringify(value)) };
      writeFileSync(at("images/index.json"), JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }));
      return sums((await run(["wasm", "verify", "images"])).stdout);
    };
    const [config, layer] = manifest.layers;
    const smuggled = await judged({ ...manifest, layers: [config, { ...layer, ...store(other) }] });
    expect(smuggled).toContain("  has a module with the digest …, and ");
    expect(smuggled).toContain("; package it again, or verify it by sluice 0.1.0, from which it says it is\n");
    expect(smuggled).toContain(
      "  says by its annotation sluice.module.sha256 …, and its module has …; make it by `sluice wasm package`\n",
    );
    const { annotations, ...nameless } = manifest;
    expect(await judged(nameless)).toContain(
      "  has a digest that nothing vouches for: its annotation org.opencontainers.image.title does not say which module it has, and sluice ships ",
    );
    const claims = { ...annotations, "sluice.module.abi": "0.3.0" };
    expect(await judged({ ...manifest, annotations: claims })).toContain(
      "  says by its annotation sluice.module.abi 0.3.0, and its module has 0.2.1;",
    );
    // An index of one image for each processor, as build tools push it.
    const platform = { os: "linux", architecture: "arm64" };
    const inner = { mediaType: manifest.mediaType, ...store(JSON.stringify(manifest)) };
    const many = (architecture: string) => {
      const text = JSON.stringify({
        schemaVersion: 2,
        manifests: [{ ...inner, platform: { ...platform, architecture } }],
      });
      const entry = { mediaType: "application/vnd.oci.image.index.v1+json", ...store(text) };
      writeFileSync(at("images/index.json"), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
    };
    many("amd64");
    await succeeds("wasm", "verify", "images");
    many("arm64");
    expect((await run(["wasm", "verify", "images"])).stdout).toContain(
      "  is an index without an image for linux/amd64, which the fetchers look for on any processor;",
    );
  });
});
