import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../../../compiler/cli/files.js";
import { runCommand } from "../../../compiler/runtime/command.js";
import { fileDigest } from "../../../compiler/runtime/find.js";
import { cachedFolder, demand, digestOf } from "../fetched.js";

// Makes the stores ready to run, once a machine.

const FOLDER = join(packageRoot(), "test", "support", "trace-stores");

const ZIPKIN = "io.zipkin:zipkin-server:3.5.1:jar:exec";
const ZIPKIN_SHA256 = "7ac633a6832647e71e50012a5e3e91fbc7054414955261724526030faf271d8d";
const COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy";

/** The program `zipkin-server` as it is published. @throws with what to do, if Maven fetches nothing, or something else */
export async function prepareZipkin(): Promise<string> {
  const [, name, version] = ZIPKIN.split(":");
  const folder = await cachedFolder(
    `trace-stores/${name}-${version}-${ZIPKIN_SHA256.slice(0, 16)}`,
    async (scratch) => {
      await demand(
        "mvn",
        [
          "--quiet",
          "--batch-mode",
          "--strict-checksums",
          COPY,
          `-Dartifact=${ZIPKIN}`,
          `-DoutputDirectory=${scratch}`,
          "-Dmdep.stripVersion=true",
        ],
        {
          cwd: scratch,
          fix: "Install a JDK 17 or newer and Maven (Debian: default-jdk-headless maven; .ci/prepare does), and check the network.",
        },
      );
      const [jar = ""] = await readdir(scratch);
      const digest = await fileDigest(join(scratch, jar));
      if (digest !== ZIPKIN_SHA256)
        throw new Error(`${ZIPKIN}: SHA-256 is ${digest}, and ${ZIPKIN_SHA256} was expected`);
    },
  );
  const [jar = ""] = await readdir(folder);
  return join(folder, jar);
}

/** The program of `otlp/`. @throws with what to do, if there is no Go and none can be fetched, or the build fails */
export async function prepareOtlpReceiver(): Promise<string> {
  const source = join(FOLDER, "otlp");
  const files = ["go.mod", "go.sum", "main.go"].map((name) => join(source, name));
  const folder = await cachedFolder(`trace-stores/otlp-${await digestOf(files)}`, async (scratch) => {
    await demand(
      await findGo(),
      ["build", "-C", source, "-trimpath", "-buildvcs=false", "-o", join(scratch, "receiver"), "."],
      {
        // Nothing of C is in it, so no compiler of C is needed.
        env: { CGO_ENABLED: "0", GOFLAGS: "-mod=readonly" },
        fix: "Check the network and your settings of Go (go env).",
      },
    );
  });
  return join(folder, "receiver");
}

/** The first version that go.mod takes. */
const GO_MINOR = 26;

/** A Go that is there and new enough, else the one of a package of pip, as Debian's may be old: 1.19 in Debian 12. */
export async function findGo(): Promise<string> {
  const go = process.env.SLUICE_GO || "go";
  const said = await runCommand(go, ["env", "GOVERSION"], { timeoutMs: 60_000 });
  const version = said.kind === "ended" ? /^go1\.(\d+)/.exec(said.stdout)?.[1] : undefined;
  if (Number(version) >= GO_MINOR) return go;
  const fix = `Install Go 1.${GO_MINOR} or newer, or set SLUICE_GO to its path; or Python 3 with pip, and check the network and its settings.`;
  if (process.env.SLUICE_GO) throw new Error(`SLUICE_GO: ${go} is no Go 1.${GO_MINOR} or newer.\n${fix}`);
  const requirements = join(FOLDER, "requirements.txt");
  const folder = await cachedFolder(`trace-stores/go-${await digestOf([requirements])}`, async (scratch) => {
    const args = ["-m", "pip", "install", "--quiet", "--no-input", "--require-hashes", "--target", scratch];
    await demand(process.env.SLUICE_PYTHON || "python3", [...args, "-r", requirements], { fix });
  });
  return join(folder, "go", "bin", "go");
}
