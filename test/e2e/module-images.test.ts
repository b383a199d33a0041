import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { modulesFolder, packageRoot } from "../../compiler/cli/files.js";
import { moduleNames } from "../../compiler/wasm/contracts.js";
import { sha256 } from "../../compiler/wasm/verify.js";
import { type RealRegistry, START_TIMEOUT_MS, startRegistry } from "../support/module-registry/service.js";
import { sluice } from "./support/cli.js";

// Modules on their way into a cluster: packaged and pushed by the real command, into the registry of the CNCF, and fetched by
// the code of Istio and of Envoy Gateway.

let open: RealRegistry;
let closed: RealRegistry;
beforeAll(async () => {
  open = await startRegistry();
  closed = await startRegistry({ users: true });
}, START_TIMEOUT_MS);
afterAll(async () => {
  await open?.stop();
  await closed?.stop();
});

let folder = "";
const at = (...parts: string[]) => join(folder, ...parts);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-images-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const run = (args: readonly string[], env: Record<string, string> = {}) =>
  sluice(args, { cwd: folder, env: { DOCKER_CONFIG: at("docker"), ...env } });
const succeeds = async (...args: string[]) => {
  const result = await run(args);
  expect(result, result.stderr).toMatchObject({ code: 0, stderr: "" });
  return result.stdout;
};

const GUARD = readFileSync(join(modulesFolder(), "guard.wasm"));
const sums = (text: string) => text.replace(/\b[0-9a-f]{64}\b/g, "…");

/** A tag of its own for each test: the registries are shared. */
let count = 0;
const repository = (name = "guard") => `${open.host}/test${(count += 1)}/${name}`;

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

async function pushed(layout: string, target: string, ...more: string[]) {
  const text = await succeeds("wasm", "push", layout, target, "--plain-http", "--format", "json", ...more);
  return pushedSchema.parse(JSON.parse(text)).images;
}

/** What is asked of the registry by nobody but this test. */
async function got(host: string, path: string, accept = "*/*"): Promise<{ type: string | null; bytes: Buffer }> {
  const answer = await fetch(`http://${host}/v2/${path}`, { headers: { accept } });
  expect(answer.status, path).toBe(200);
  return { type: answer.headers.get("content-type"), bytes: Buffer.from(await answer.arrayBuffer()) };
}

describe("the modules of the package", () => {
  it.each(["compat", "artifact"])("go into a registry as %s, and both fetchers find them there", async (format) => {
    const printed = await succeeds("wasm", "package", "--out", "images", "--format", format);
    expect(sums(printed)).toBe(
      `${moduleNames.map((name) => `${name}.wasm: ${format}, sha256:…\n`).join("")}wrote images/index.json\n`,
    );
    const images = await pushed("images", repository("{module}"));
    expect(images.map(({ name }) => name)).toEqual([...moduleNames]);
    const outcomes = await open.fetch(images.flatMap(({ reference, url }) => [url, `oci://${reference}`]));
    const expected = moduleNames.flatMap((name) => {
      const digest = sha256(readFileSync(join(modulesFolder(), `${name}.wasm`)));
      return Array.from({ length: 4 }, () => digest);
    });
    expect(outcomes.map(({ sha256: digest, error }) => error ?? digest)).toEqual(expected);
    expect([...new Set(outcomes.map(({ fetcher }) => fetcher))]).toEqual(["istio", "envoy-gateway"]);
    await succeeds("wasm", "verify", ...images.map(({ url }) => url), "--plain-http");
  });

  it("have their bills of materials beside them, found by the tag that stands for a list", async () => {
    await succeeds("wasm", "package", "--out", "images");
    const target = repository("{module}");
    const [auth] = await pushed("images", target);
    const name = target.replace(`${open.host}/`, "").replace("{module}", "auth");
    const list = await got(open.host, `${name}/manifests/${auth?.digest.replace(":", "-")}`);
    expect(list.type).toBe("application/vnd.oci.image.index.v1+json");
    const { manifests } = JSON.parse(list.bytes.toString());
    expect(manifests).toEqual([
      expect.objectContaining({ digest: auth?.referrers[0], artifactType: "application/vnd.cyclonedx+json" }),
    ]);
    const manifest = await got(open.host, `${name}/manifests/${auth?.referrers[0]}`);
    const [layer] = JSON.parse(manifest.bytes.toString()).layers;
    const bill = await got(open.host, `${name}/blobs/${layer.digest}`);
    expect(bill.bytes.equals(readFileSync(join(modulesFolder(), "auth.cdx.json")))).toBe(true);
    // Once more there is nothing to send, and the list does not grow.
    const [again] = await pushed("images", target);
    expect(again).toEqual({ ...auth, sent: { blobs: 0, bytes: 0 } });
    const same = await got(open.host, `${name}/manifests/${auth?.digest.replace(":", "-")}`);
    expect(same.bytes.equals(list.bytes)).toBe(true);
  });

  it("have the same digests in another folder, time zone and language", async () => {
    const first = await succeeds("wasm", "package", "--out", "images");
    const other = await run(["wasm", "package", "--out", "elsewhere"], { TZ: "Asia/Kathmandu", LC_ALL: "tr_TR.UTF-8" });
    expect(other.stdout).toBe(first.replace("images", "elsewhere"));
    expect(readFileSync(at("elsewhere/index.json"))).toEqual(readFileSync(at("images/index.json")));
    expect(readdirSync(at("elsewhere/blobs/sha256"))).toEqual(readdirSync(at("images/blobs/sha256")));
  });
});

describe("a folder that was compiled into", () => {
  beforeEach(async () => {
    cpSync(join(packageRoot(), "examples/quickstart"), at("shop"), { recursive: true });
    await succeeds("compile", "shop/policy.yaml", "--out", "build");
  });

  it("is packaged with what it loads, and says where it is from", async () => {
    const more = ["--source", "https://example.com/shop", "--revision", "abc"];
    expect(sums(await succeeds("wasm", "package", "build", "--out", "images", ...more))).toBe(
      "guard.wasm: compat, sha256:…\nwrote images/index.json\n",
    );
    const target = `${repository()}:stable`;
    const text = await succeeds("wasm", "push", "images", target, "--plain-http");
    expect(sums(text).replace(/\d+ bytes/, "n bytes")).toBe(
      `pushed ${target} (guard): 4 blobs, n bytes sent\n  digest  sha256:…\n  url     oci://${target.replace(/:stable$/, "")}@sha256:…\n  bill of materials  sha256:…\n`,
    );
    const manifest = await got(open.host, target.replace(`${open.host}/`, "").replace(":stable", "/manifests/stable"));
    expect(JSON.parse(manifest.bytes.toString()).annotations).toMatchObject({
      "org.opencontainers.image.title": "guard.wasm",
      "org.opencontainers.image.licenses": "Apache-2.0",
      "org.opencontainers.image.source": "https://example.com/shop",
      "org.opencontainers.image.revision": "abc",
      "sluice.module.sha256": sha256(GUARD),
      "sluice.module.capabilities": expect.stringContaining("proxy_on_request_headers"),
    });
  });

  it("is not packaged if a module is not the one that was compiled", async () => {
    writeFileSync(at("build/modules/guard.wasm"), Buffer.concat([GUARD, Buffer.from([0, 2, 1, 0x78])]));
    const { code, stdout, stderr } = await run(["wasm", "package", "build", "--out", "images"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/guard\.wasm: WRONG, [^]*has the digest [^]*\nnothing was written\n$/);
    expect(existsSync(at("images"))).toBe(false);
  });

  it("replaces the layout of before, and nothing else", async () => {
    await succeeds("wasm", "package", "--out", "images");
    await succeeds("wasm", "package", "build/modules/guard.wasm", "--out", "images", "--format", "artifact");
    // Module, its configuration, the bill, the empty one; two manifests.
    expect(readdirSync(at("images/blobs/sha256"))).toHaveLength(6);
    await succeeds("wasm", "verify", "images");
    const refused = (out: string) =>
      `sluice: nothing was written; ${out} holds something that is from no \`sluice wasm package\`; name another folder, or empty it\n`;
    expect(await run(["wasm", "package", "build", "--out", "shop"])).toMatchObject({
      code: 1,
      stderr: refused("shop"),
    });
    const index = readFileSync(at("images/index.json"), "utf8");
    writeFileSync(at("images/index.json"), index.replace("sluice wasm package", "another tool"));
    expect(await run(["wasm", "package", "build", "--out", "images"])).toMatchObject({
      code: 1,
      stderr: refused("images"),
    });
    expect(await run(["wasm", "package", "build", "--out", "shop/policy.yaml"])).toMatchObject({
      code: 1,
      stderr: "sluice: shop/policy.yaml: not a folder\n",
    });
  });
});

describe("a registry with users", () => {
  const layout = () => succeeds("wasm", "package", join(modulesFolder(), "guard.wasm"), "--out", "images");
  const signIn = (password: string) => {
    mkdirSync(at("docker"));
    const auth = Buffer.from(`tester:${password}`).toString("base64");
    writeFileSync(at("docker/config.json"), JSON.stringify({ auths: { [closed.host]: { auth } } }));
  };

  it("lets in who has signed in, and tells others how", async () => {
    await layout();
    const push = () => run(["wasm", "push", "images", `${closed.host}/guard`, "--plain-http"]);
    const stranger = await push();
    expect(stranger).toMatchObject({ code: 1, stdout: "" });
    expect(stranger.stderr).toContain(
      `(status 401): UNAUTHORIZED: authentication required; sign in by \`docker login ${closed.host}\``,
    );
    signIn("wrong-secret");
    const { stdout, stderr } = await push();
    expect(stdout).toBe("");
    expect(stderr).toContain("(status 401)");
    expect(stderr).not.toMatch(/wrong-secret|dGVzdGVy/);
    rmSync(at("docker"), { recursive: true });
    signIn("secret-of-a-test");
    expect(await push()).toMatchObject({ code: 0, stderr: "" });
    await succeeds("wasm", "verify", `oci://${closed.host}/guard:0.1.0`, "--plain-http");
  });
});

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
        "with an archive called the module",
        "compat",
        ({ layers }) => {
          layers.push(...layers);
          retype(layers, "application/vnd.module.wasm.content.layer.v1+wasm");
        },
        "has a module that is compressed",
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

  it("on the disk are found, and not pushed", async () => {
    await succeeds("wasm", "package", join(modulesFolder(), "guard.wasm"), "--out", "images");
    const index = JSON.parse(readFileSync(at("images/index.json"), "utf8"));
    const place = (digest: string) => at("images/blobs", digest.replace(":", "/"));
    const [image, bill] = index.manifests;
    const manifest = JSON.parse(readFileSync(place(image.digest), "utf8"));
    const faults = async () => {
      const { code, stdout } = await run(["wasm", "verify", "images"]);
      expect(code).toBe(1);
      return sums(stdout).match(/^ {2}(?:has|is|names|belongs|does|says)[^]*?$/gm);
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
      expect(push.stderr).toMatch(/: WRONG, [^]*nothing was pushed\n$/);
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

describe("a call that cannot be carried out", () => {
  beforeEach(() => succeeds("wasm", "package", "--out", "images"));

  it.each([
    [["push", "nowhere", "localhost:1/a"], 1, "nowhere: no image layout, which `sluice wasm package` writes"],
    [
      ["push", "images", "localhost:1/a"],
      3,
      "images holds 6 images, and localhost:1/a is one; write {module} where their names shall stand, as in registry.example.com/sluice/{module}",
    ],
    [["push", "images", "sluice/{module}"], 3, "sluice/auth: it does not begin with the host of a registry"],
    [
      ["push", "images", `localhost:1/{module}@sha256:${"0".repeat(64)}`],
      3,
      "a digest comes of what is pushed; name a tag, or nothing",
    ],
    [["push", "images", "127.0.0.1:1/{module}", "--plain-http"], 1, "127.0.0.1:1 cannot be asked: "],
    [
      ["verify", "oci://127.0.0.1:1/guard", "--plain-http"],
      3,
      "name a tag or a digest, as in oci://127.0.0.1:1/guard:1.0.0",
    ],
    [["verify", "oci://guard:1"], 3, "oci://guard:1: it does not begin with the host of a registry"],
    [["package", "--out", "images", "--format", "zip"], 3, "Allowed choices are compat, artifact"],
    [["package", "--out", "images", "--revision", "a\nb"], 3, "a text of one line is needed"],
    [["package", "nowhere.wasm", "--out", "images"], 1, "nowhere.wasm: no such file or folder"],
  ])("%j says why", async (args, code, message) => {
    const result = await run(["wasm", ...args]);
    expect(result.code).toBe(code);
    expect(result.stderr).toContain(message);
  });

  it("names what the registry does not have", async () => {
    const { code, stderr } = await run(["wasm", "verify", `oci://${open.host}/nobody/guard:1`, "--plain-http"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `sluice: ${open.host} has no nobody/guard:1; push it by \`sluice wasm push\`\n`,
    });
  });
});
