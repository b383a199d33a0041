import { join } from "node:path";
import { packageRoot } from "../../../compiler/cli/files.js";
import { cachedFolder, demand, digestOf } from "../fetched.js";
import { findGo } from "../trace-stores/prepare.js";

const FOLDER = join(packageRoot(), "test", "support", "module-registry");

/** Of each program, beside other tests on the same processors. */
const BUILD_TIMEOUT_MS = 15 * 60_000;

export interface RegistryPrograms {
  /** The registry of the CNCF. */
  readonly registry: string;
  /** What Istio and Envoy Gateway fetch modules by. */
  readonly fetchers: string;
}

/**
 * Both programs, built once a machine from what `go.sum` pins: four minutes of one processor with Go's own library.
 * @throws with what to do, if there is no Go and none can be fetched, or the build fails
 */
export async function prepareRegistry(): Promise<RegistryPrograms> {
  const files = ["go.mod", "go.sum", "fetchers/main.go", "registry/main.go"].map((name) => join(FOLDER, name));
  const folder = await cachedFolder(`module-registry/${await digestOf(files)}`, async (scratch) => {
    const go = await findGo();
    // One by one: what took too long goes on from where it was.
    for (const name of ["registry", "fetchers"])
      await demand(
        go,
        [
          "build",
          "-C",
          FOLDER,
          "-trimpath",
          "-buildvcs=false",
          "-ldflags=-s -w",
          "-o",
          join(scratch, name),
          `./${name}`,
        ],
        {
          // Nothing of C is in it, so no compiler of C is needed.
          env: { CGO_ENABLED: "0", GOFLAGS: "-mod=readonly" },
          timeoutMs: BUILD_TIMEOUT_MS,
          fix: "Check the network and your settings of Go (go env).",
        },
      );
  });
  return { registry: join(folder, "registry"), fetchers: join(folder, "fetchers") };
}
