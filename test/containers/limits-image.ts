import { randomBytes } from "node:crypto";
import { copyFile, mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { demand } from "../support/fetched.js";
import { prepareLimits } from "../support/limit-service/prepare.js";
import { docker } from "./daemon.js";

/** An image with the ratelimit service of Envoy and Redis, as `/bin/ratelimit` and `/bin/redis-server`. */
export interface LimitsImage {
  readonly tag: string;
  remove(): Promise<void>;
}

/** From nothing, as no registry may be there: the programs of this machine, and the libraries that they are linked with. */
export async function makeLimitsImage(): Promise<LimitsImage> {
  const { service, redis } = await prepareLimits();
  const tag = `sluice-test-limits-${randomBytes(6).toString("hex")}`;
  const work = await mkdtemp(join(tmpdir(), "sluice-limits-image-"));
  try {
    const root = join(work, "root");
    await put(service, join(root, "bin", "ratelimit"));
    // Debian's name for it may be a link to another program.
    await put(await realpath(redis), join(root, "bin", "redis-server"));
    for (const library of await librariesOf(redis)) await put(library, join(root, library));
    await mkdir(join(root, "tmp"), { recursive: true });
    const archive = join(work, "image.tar");
    await demand("tar", ["-C", root, "-cf", archive, "."], { fix: "Install tar." });
    await docker("import", archive, tag);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return { tag, remove: async () => void (await docker("image", "rm", "--force", tag)) };
}

async function librariesOf(program: string): Promise<string[]> {
  const said = await demand("ldd", [program], { fix: "ldd comes with the C library." });
  return [...said.matchAll(/(\/\S+)/g)].map(([path]) => path);
}

async function put(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
}
