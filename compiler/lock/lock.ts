import { posix } from "node:path";
import { z } from "zod";
import type { SourceFile } from "../syntax/source.js";
import { type ModuleFacts, sha256 } from "../wasm/verify.js";

/** The file beside what was compiled. */
export const LOCK_NAME = "sluice.lock.json";

/** Grows with every change that a reader of an older one would misunderstand. */
export const LOCK_VERSION = 1;

const digest = z.string().regex(/^[0-9a-f]{64}$/, "a SHA-256 has 64 hexadecimal digits in small letters");

/** Inside the folder of the lock file: whoever follows it must not be led elsewhere. */
const innerPath = z
  .string()
  .regex(/^[^/\\]/, "a path begins in the folder of the lock file")
  .refine((path) => posix.normalize(path) === path && !/^\.\.(\/|$)/.test(path), "a path stays in the folder")
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  .regex(/^[^\u0000-\u001f\u007f\\]*$/, "a path has no control characters and no backslashes");

const fileSchema = z.strictObject({ path: innerPath, sha256: digest, size: z.int().nonnegative() });

const moduleSchema = z.strictObject({
  ...fileSchema.shape,
  /** Of the package that the module came with. */
  version: z.string(),
  /** Version of the proxy-wasm ABI. */
  abi: z.string(),
  imports: z.array(z.string()),
  exports: z.array(z.string()),
  /** What the emitted configuration lets it use: names of imports without their module, and callbacks. */
  capabilities: z.array(z.string()),
});

const lockSchema = z.strictObject({
  lockVersion: z.literal(LOCK_VERSION),
  /** Version of the compiler. */
  sluice: z.string(),
  target: z.strictObject({ name: z.string(), version: z.string() }),
  options: z.strictObject({
    modulesDir: z.string(),
    modules: z.string().optional(),
    pin: digest.optional(),
    accessLog: z.string().optional(),
  }),
  policy: z.strictObject({
    /** Of the list of the files, as `sha256sum` prints it for them in this order. */
    sha256: digest,
    /** The policy file and what it includes, by their paths from its folder, sorted by code unit. */
    files: z.array(z.strictObject({ path: z.string(), sha256: digest })),
  }),
  /** Else there would be nothing to hold a folder to, and every folder would pass. */
  files: z.array(fileSchema).min(1, "a compilation writes at least one file"),
  modules: z.array(moduleSchema),
});

/** What was compiled, from what, by what. */
export type Lock = z.infer<typeof lockSchema>;
export type LockedModule = Lock["modules"][number];

/** Options of the command that change what is written. */
export interface LockOptions {
  readonly modulesDir: string;
  readonly modules?: string;
  readonly pin?: string;
  readonly accessLog?: string;
}

export interface LockInput {
  readonly sluice: string;
  readonly target: Lock["target"];
  readonly options: LockOptions;
  /** The policy file first. */
  readonly sources: readonly SourceFile[];
  readonly files: readonly { readonly path: string; readonly contents: string }[];
  readonly modules: readonly {
    readonly path: string;
    readonly version: string;
    readonly facts: ModuleFacts;
    readonly capabilities: readonly string[];
  }[];
}

/** The lock of a compilation: the same wherever and whenever it ran. */
export function lockOf({ sluice, target, options, sources, files, modules }: LockInput): Lock {
  return {
    lockVersion: LOCK_VERSION,
    sluice,
    target: { name: target.name, version: target.version },
    options: {
      modulesDir: options.modulesDir,
      ...(options.modules === undefined ? {} : { modules: options.modules }),
      ...(options.pin === undefined ? {} : { pin: options.pin }),
      ...(options.accessLog === undefined ? {} : { accessLog: options.accessLog }),
    },
    policy: policyOf(sources),
    files: files
      .map(({ path, contents }) => ({ path, sha256: sha256(contents), size: Buffer.byteLength(contents) }))
      .toSorted(byPath),
    modules: modules
      .map(({ path, version, facts, capabilities }) => ({
        path,
        sha256: facts.sha256,
        size: facts.size,
        version,
        abi: facts.abi.join(" "),
        imports: [...facts.imports],
        exports: [...facts.exports],
        capabilities: capabilities.toSorted(),
      }))
      .toSorted(byPath),
  };
}

/** A text was UTF-8 when it was read, so its digest is that of the file: line ends and a byte order mark count. */
function policyOf(sources: readonly SourceFile[]): Lock["policy"] {
  const folder = posix.dirname(sources[0]?.path ?? "");
  const files = sources
    .map((source) => ({ path: posix.relative(folder, source.path), sha256: sha256(source.text) }))
    .toSorted(byPath);
  return { sha256: sha256(files.map((file) => `${file.sha256}  ${file.path}\n`).join("")), files };
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

/** A lock as its file holds it. */
export function textOf(lock: Lock): string {
  return `${JSON.stringify(lock, null, 2)}\n`;
}

export type LockRead =
  | { readonly outcome: "read"; readonly lock: Lock }
  | { readonly outcome: "damaged"; readonly reason: string };

/** Reads the text of a lock file; of what does not fit, the first place is told. */
export function readLock(text: string): LockRead {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return { outcome: "damaged", reason: `it is no JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  const version = z.object({ lockVersion: z.number() }).safeParse(document).data?.lockVersion;
  if (version !== undefined && version !== LOCK_VERSION)
    return {
      outcome: "damaged",
      reason: `its lockVersion is ${version}, and this version of sluice reads ${LOCK_VERSION}`,
    };
  const { data, error } = lockSchema.safeParse(document);
  if (data !== undefined) return { outcome: "read", lock: data };
  const [issue] = error.issues;
  return {
    outcome: "damaged",
    reason: `${issue?.path.join(".") || "the document"}: ${issue?.message ?? "does not fit"}`,
  };
}

/** Every file that a lock stands for, in the order of the lock: modules last. */
export function filesOf(lock: Lock): { path: string; sha256: string }[] {
  return [...lock.files, ...lock.modules].map(({ path, sha256 }) => ({ path, sha256 }));
}
