import { join } from "node:path";
import { expect, it } from "vitest";
import { packageRoot } from "../../compiler/cli/files.js";
import { runCommand } from "../../compiler/runtime/command.js";
import { PUBLISHED_IMAGE } from "../../compiler/runtime/image.js";
import { describeWithDocker } from "./daemon.js";

await describeWithDocker(".ci/prepare", () => {
  it("uses a daemon that has the image, starts none, and says where it is", async () => {
    const result = await runCommand(join(packageRoot(), ".ci/prepare"), [], { timeoutMs: 50_000 });
    if (result.kind !== "ended") throw new Error(result.kind);
    expect(result, result.stderr).toMatchObject({
      code: 0,
      stdout: `export DOCKER_HOST=${process.env.DOCKER_HOST}\nexport TESTCONTAINERS_RYUK_DISABLED=true\n`,
      stderr: `prepare: ${PUBLISHED_IMAGE} is in the Docker daemon at ${process.env.DOCKER_HOST}\n`,
    });
  });
});
