import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findEnvoyImage, type ImageSearch, PUBLISHED_IMAGE } from "./image.js";

// States of a daemon that no single machine has. test/containers asks a real one.

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-image-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Stand {
  security?: string;
  /** What `docker image inspect` does. */
  inspect?: string;
  /** What Envoy in the image prints. */
  version?: string;
}

const reported = (version: string) => `envoy  version: 9e5580933739/${version}/Clean/RELEASE/BoringSSL`;

/** A `docker` that answers as the daemon would. */
async function search(stand: Stand | undefined, SLUICE_ENVOY_IMAGE?: string): Promise<ImageSearch> {
  if (stand !== undefined) {
    const {
      security = '["name=seccomp,profile=default"]',
      inspect = "echo sha256:1",
      version = reported("1.40.0"),
    } = stand;
    const lines = [
      "#!/bin/sh",
      'case "$1" in',
      `info) echo '${security}' ;;`,
      `image) ${inspect} ;;`,
      `run) echo '${version}' ;;`,
      "esac",
    ];
    await writeFile(join(folder, "docker"), `${lines.join("\n")}\n`, { mode: 0o755 });
  }
  return findEnvoyImage({
    PATH: `${folder}:/usr/bin:/bin`,
    ...(SLUICE_ENVOY_IMAGE === undefined ? {} : { SLUICE_ENVOY_IMAGE }),
  });
}

function problem(found: ImageSearch): { code: string; message: string; fix: string } {
  if (found.ok) throw new Error(`unexpectedly found ${found.envoy.image}`);
  return found.problem;
}

describe("the published image", () => {
  it("is taken where the daemon has it", async () => {
    expect(await search({})).toEqual({ ok: true, envoy: { image: PUBLISHED_IMAGE, version: "1.40.0" } });
    expect(PUBLISHED_IMAGE).toBe("envoyproxy/envoy:v1.40.0");
  });

  it("is asked for where the daemon lacks it, and not pulled", async () => {
    const { code, message, fix } = problem(await search({ inspect: "echo 'No such image: x' >&2; exit 1" }));
    expect({ code, message, fix }).toEqual({
      code: "image-missing",
      message: "The Docker daemon has no image envoyproxy/envoy:v1.40.0: No such image: x",
      fix: "Run `docker pull envoyproxy/envoy:v1.40.0`, or set SLUICE_ENVOY_IMAGE to an image with Envoy 1.40 that it has.",
    });
  });
});

describe("SLUICE_ENVOY_IMAGE", () => {
  it("is taken if its Envoy reports the right version", async () => {
    const found = await search({ version: reported("1.40.3") }, "registry.example.com:5000/own/envoy@sha256:abc");
    expect(found).toEqual({
      ok: true,
      envoy: { image: "registry.example.com:5000/own/envoy@sha256:abc", version: "1.40.3" },
    });
  });

  it("never falls through to the published one", async () => {
    const other = problem(await search({ version: reported("1.33.2") }, "envoyproxy/envoy:v1.33.2"));
    expect(other).toMatchObject({
      code: "image-wrong-version",
      message: "SLUICE_ENVOY_IMAGE names envoyproxy/envoy:v1.33.2, which has Envoy 1.33.2.",
      fix: "Set SLUICE_ENVOY_IMAGE to an image with Envoy 1.40, or unset it.",
    });
    expect(problem(await search({ version: "hello" }, "hello-world")).code).toBe("image-wrong-version");
  });

  it("cannot become an option of docker", async () => {
    const { code, message } = problem(await search({}, "--privileged"));
    expect([code, message]).toEqual([
      "image-name",
      "SLUICE_ENVOY_IMAGE is --privileged, which is no name of an image.",
    ]);
  });
});

describe("without a daemon that will do", () => {
  it.each([
    [
      "the command is missing",
      undefined,
      "docker-missing",
      /^The command docker cannot be run: spawn docker ENOENT\.$/,
    ],
    [
      "the daemon is rootless",
      { security: '["name=seccomp,profile=default","name=rootless"]' },
      "daemon-rootless",
      /^The Docker daemon is rootless/,
    ],
    [
      "no daemon answers",
      { security: "'; echo 'Cannot connect to the Docker daemon' >&2; exit 1; echo '" },
      "daemon-unreachable",
      /^No Docker daemon answers: Cannot connect to the Docker daemon$/,
    ],
  ])("if %s, that is said", async (_what, stand, code, message) => {
    // An empty folder has no docker.
    const found = problem(stand === undefined ? await findEnvoyImage({ PATH: folder }) : await search(stand));
    expect(found.code).toBe(code);
    expect(found.message).toMatch(message);
    expect(found.fix).toMatch(/or run without --docker\.$/);
  });
});
