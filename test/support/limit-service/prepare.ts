import { join } from "node:path";
import { packageRoot } from "../../../compiler/cli/files.js";
import { findLimitPrograms, LIMIT_SERVICE, type LimitPrograms } from "../../../compiler/runtime/limits.js";
import { cachedFolder, demand, digestOf } from "../fetched.js";
import { findGo } from "../trace-stores/prepare.js";

const FOLDER = join(packageRoot(), "test", "support", "limit-service");
const [PACKAGE = ""] = LIMIT_SERVICE.split("@");

/**
 * The ratelimit service of Envoy, built once a machine from what `go.sum` pins, and the Redis of this machine.
 * @throws with what to do, if there is no Go and none can be fetched, the build fails, or there is no Redis
 */
export async function prepareLimits(): Promise<LimitPrograms> {
  const files = ["go.mod", "go.sum"].map((name) => join(FOLDER, name));
  const folder = await cachedFolder(`limit-service/${await digestOf(files)}`, async (scratch) => {
    await demand(
      await findGo(),
      ["build", "-C", FOLDER, "-trimpath", "-buildvcs=false", "-o", join(scratch, "ratelimit"), PACKAGE],
      {
        // Nothing of C is in it, so no compiler of C is needed.
        env: { CGO_ENABLED: "0", GOFLAGS: "-mod=readonly" },
        fix: "Check the network and your settings of Go (go env).",
      },
    );
  });
  const found = await findLimitPrograms({ ...process.env, SLUICE_RATELIMIT: join(folder, "ratelimit") });
  if ("missing" in found) throw new Error(`${found.missing.join("\n")}\n.ci/prepare installs Redis.`);
  return found.programs;
}
