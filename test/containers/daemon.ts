import { beforeAll, describe, it } from "vitest";
import { runCommand } from "../../compiler/runtime/command.js";
import { PUBLISHED_IMAGE } from "../../compiler/runtime/image.js";

const PULL_TIMEOUT_MS = 10 * 60_000;
const HOW = 'to have one here, as root: eval "$(.ci/prepare)"';

/** Runs docker's own command. @throws with what it said unless it succeeds */
export async function docker(...args: string[]): Promise<string> {
  const result = await runCommand("docker", args, { timeoutMs: PULL_TIMEOUT_MS });
  if (result.kind === "ended" && result.code === 0) return result.stdout.trim();
  throw new Error(`docker ${args.join(" ")}: ${result.kind === "absent" ? result.reason : result.stderr.trim()}`);
}

/**
 * A suite that needs a Docker daemon. Where none answers, one test in its place says so and counts as skipped; with CI=true
 * it fails.
 */
export async function describeWithDocker(name: string, body: () => void): Promise<void> {
  const problem = await daemonProblem();
  if (problem !== undefined)
    return void it(`${name}: not run, no Docker daemon answers`, ({ skip }) => {
      const note = `${name}: not run, no Docker daemon answers (${problem}); ${HOW}`;
      if (process.env.CI === "true") throw new Error(`${note}. CI=true requires one`);
      process.stderr.write(`${note}\n`);
      skip(note);
    });
  describe(name, () => {
    beforeAll(prepare, PULL_TIMEOUT_MS);
    body();
  });
}

async function daemonProblem(): Promise<string | undefined> {
  try {
    await docker("info", "--format", "{{.ServerVersion}}");
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Leads testcontainers to the daemon of docker's command, and sees that it has the image. */
async function prepare(): Promise<void> {
  process.env.DOCKER_HOST ??= await docker("context", "inspect", "--format", "{{.Endpoints.docker.Host}}");
  // It takes away what a killed run leaves, from an image of its own; the tests stop what they start.
  process.env.TESTCONTAINERS_RYUK_DISABLED ??= "true";
  // Inside a container it would ask for the gateway of a bridge. All containers here have the network of the daemon's host.
  process.env.TESTCONTAINERS_HOST_OVERRIDE ??= "localhost";
  const absent = await docker("image", "inspect", PUBLISHED_IMAGE).then(
    () => false,
    () => true,
  );
  if (absent) await docker("pull", PUBLISHED_IMAGE);
}
