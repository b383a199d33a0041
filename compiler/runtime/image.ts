import { ENVOY_LINE, ENVOY_VERSION } from "../envoy/version.js";
import { type CommandResult, runCommand } from "./command.js";
import { versionIn } from "./find.js";

/** An image with an Envoy of the right line, which the daemon has. */
export interface EnvoyImage {
  image: string;
  version: string;
}

/** Why Envoy cannot run in a container: one sentence, and what to do. */
export interface ImageProblem {
  code:
    | "docker-missing"
    | "daemon-unreachable"
    | "daemon-rootless"
    | "image-name"
    | "image-missing"
    | "image-wrong-version";
  message: string;
  fix: string;
}

export type ImageSearch = { ok: true; envoy: EnvoyImage } | { ok: false; problem: ImageProblem };

/** The image that Envoy's project publishes. */
export const PUBLISHED_IMAGE = `envoyproxy/envoy:v${ENVOY_VERSION}`;

const TIMEOUT_MS = 30_000;

/**
 * Looks whether the daemon behind the `docker` on PATH can run Envoy: the image that SLUICE_ENVOY_IMAGE names, else the
 * published one. Nothing is pulled.
 * @param env read for PATH, SLUICE_ENVOY_IMAGE and what docker's own command reads
 */
export async function findEnvoyImage(env: NodeJS.ProcessEnv = process.env): Promise<ImageSearch> {
  const docker = (...args: string[]) => runCommand("docker", args, { env, timeoutMs: TIMEOUT_MS });
  const daemon = daemonProblem(await docker("info", "--format", "{{json .SecurityOptions}}"));
  if (daemon !== undefined) return { ok: false, problem: daemon };

  const image = env.SLUICE_ENVOY_IMAGE || PUBLISHED_IMAGE;
  if (!/^[a-z0-9][\w./:@-]*$/i.test(image))
    return failure("image-name", `SLUICE_ENVOY_IMAGE is ${image}, which is no name of an image.`, nameAnother());
  const inspected = await docker("image", "inspect", "--format", "{{.Id}}", image);
  if (!succeeded(inspected))
    return failure(
      "image-missing",
      `The Docker daemon has no image ${image}: ${said(inspected)}`,
      `Run \`docker pull ${image}\`, or set SLUICE_ENVOY_IMAGE to an image with Envoy ${ENVOY_LINE} that it has.`,
    );
  // The tag of the published image says what is in it.
  if (image === PUBLISHED_IMAGE) return { ok: true, envoy: { image, version: ENVOY_VERSION } };

  const asked = await docker(
    "run",
    "--rm",
    "--pull",
    "never",
    "--network",
    "none",
    "--entrypoint",
    "envoy",
    image,
    "--version",
  );
  const version = asked.kind === "ended" ? versionIn(asked.stdout) : undefined;
  if (version?.startsWith(`${ENVOY_LINE}.`)) return { ok: true, envoy: { image, version } };
  const instead =
    version === undefined ? `does not report a version as Envoy does: ${said(asked)}` : `has Envoy ${version}.`;
  return failure("image-wrong-version", `SLUICE_ENVOY_IMAGE names ${image}, which ${instead}`, nameAnother());
}

function daemonProblem(info: CommandResult): ImageProblem | undefined {
  const instead = "or run without --docker";
  if (info.kind === "absent")
    return {
      code: "docker-missing",
      message: `The command docker cannot be run: ${info.reason}.`,
      fix: `Install Docker, ${instead}.`,
    };
  if (!succeeded(info))
    return {
      code: "daemon-unreachable",
      message: `No Docker daemon answers: ${said(info)}`,
      fix: `Start the daemon, let this user talk to it, set DOCKER_HOST to where it listens, ${instead}.`,
    };
  if (!info.stdout.includes("name=rootless")) return undefined;
  return {
    code: "daemon-rootless",
    message:
      "The Docker daemon is rootless, so its containers have a network of their own, and no listener could be reached.",
    fix: `Set DOCKER_HOST to a daemon that runs as root, ${instead}.`,
  };
}

function nameAnother(): string {
  return `Set SLUICE_ENVOY_IMAGE to an image with Envoy ${ENVOY_LINE}, or unset it.`;
}

/** The last words of docker's command. */
function said(result: CommandResult): string {
  switch (result.kind) {
    case "absent":
      return result.reason;
    case "timeout":
      return `it did not answer within ${TIMEOUT_MS / 1000} seconds`;
    case "ended":
      return result.stderr.trim().split("\n").at(-1) || `docker ended with status ${result.code}`;
  }
}

function succeeded(result: CommandResult): result is Extract<CommandResult, { kind: "ended" }> {
  return result.kind === "ended" && result.code === 0;
}

function failure(code: ImageProblem["code"], message: string, fix: string): ImageSearch {
  return { ok: false, problem: { code, message, fix } };
}
