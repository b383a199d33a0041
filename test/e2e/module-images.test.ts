import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { modulesFolder, packageRoot } from "../../compiler/cli/files.js";
import { moduleNames } from "../../compiler/wasm/contracts.js";
import { sha256 } from "../../compiler/wasm/verify.js";
import { type RealRegistry, START_TIMEOUT_MS, startRegistry } from "../support/module-registry/service.js";
import { got, repositories, sums, type Workshop, workshop } from "./support/images.js";

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

const GUARD = readFileSync(join(modulesFolder(), "guard.wasm"));

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
    const shown = text
      .replaceAll(/127\.0\.0\.1:\d+\/test\d+/g, "registry.example.com/sluice")
      .replace(":stable", ":0.1.0");
    const numbers = (of: string) => sums(of).replace(/\d+ bytes/, "n bytes");
    expect(numbers(readFileSync(join(packageRoot(), "README.md"), "utf8"))).toContain(numbers(shown));
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
    expect(stderr).toMatch(/guard\.wasm: WRONG, [\s\S]*has the digest [\s\S]*\nnothing was written\n$/);
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

it("a sha256 beside the URL of an image is that of the image, as both fetchers say", async () => {
  await succeeds("wasm", "package", join(modulesFolder(), "guard.wasm"), "--out", "images");
  const [image] = await pushed("images", repository());
  const url = `oci://${image?.reference}`;
  const [ofImage, ofModule] = [`${url}#${image?.digest.replace("sha256:", "")}`, `${url}#${sha256(GUARD)}`];
  const fetched = await open.fetch([ofImage, ofModule]);
  expect(fetched.map(({ url: asked, error }) => [asked, error === undefined])).toEqual([
    [ofImage, true],
    [ofImage, true],
    [ofModule, false],
    [ofModule, false],
  ]);
});

it("a registry with a certificate of one's own is trusted where Node is told to", {
  timeout: START_TIMEOUT_MS,
}, async () => {
  await succeeds("certs", "dev", "--out", "certs");
  const tls = { certificate: at("certs/server.crt"), key: at("certs/server.key") };
  const secured = await startRegistry({ tls });
  try {
    await succeeds("wasm", "package", join(modulesFolder(), "guard.wasm"), "--out", "images");
    const push = ["wasm", "push", "images", `${secured.host}/guard`];
    const stranger = await run(push);
    expect(stranger).toMatchObject({ code: 1, stdout: "" });
    expect(stranger.stderr).toMatch(
      /^sluice: \S+ cannot be asked: its certificate is from no authority that is known here \([A-Z_]+\); NODE_EXTRA_CA_CERTS names a file with more\n$/,
    );
    const trusting = { NODE_EXTRA_CA_CERTS: at("certs/ca.crt") };
    expect(await run(push, trusting)).toMatchObject({ code: 0, stderr: "" });
    expect(await run(["wasm", "verify", `oci://${secured.host}/guard:0.1.0`], trusting)).toMatchObject({ code: 0 });
    expect((await run([...push, "--plain-http"])).stderr).toContain(
      "(status 400): Client sent an HTTP request to an HTTPS server.",
    );
  } finally {
    await secured.stop();
  }
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
