import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { startUpstream, type Upstream } from "../../support/upstream.js";
import { type CliOptions, type RunningCli, startSluice } from "./cli.js";
import { until } from "./until.js";

/** A folder with a policy file, a service that it can name, and the `sluice run` of it: all anew for each test. */
export interface Workplace {
  readonly folder: string;
  /** Path of the policy file. */
  readonly file: string;
  readonly upstream: Upstream;
  /** Starts `sluice run` on the file as it is; it ends with the test. */
  run(args?: readonly string[], options?: CliOptions): Promise<RunningCli>;
  /** Writes the file, starts `sluice run`, and waits until its listener `public` at 127.0.0.1 is there. */
  start(
    text: string,
    args?: readonly string[],
    options?: CliOptions,
  ): Promise<{ cli: RunningCli /** Of the listener, without a path. */; url: string }>;
  /** Replaces the policy as an editor does. */
  replace(text: string): Promise<void>;
  /** The same, and gives what `cli` says of it on standard output. */
  change(cli: RunningCli, text: string): Promise<string>;
  /** What `cli` says on standard output after an edit. */
  word(cli: RunningCli, edit: () => Promise<void>): Promise<string>;
}

/**
 * To be called where hooks can be set.
 *
 * @param prefix of the name of the folder
 * @param body what the service answers
 */
export function workplace(prefix: string, body: string): Workplace {
  let folder: string;
  let upstream: Upstream;
  let running: RunningCli | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), prefix));
    upstream = await startUpstream({ body });
  });
  afterEach(async () => {
    await running?.clear();
    running = undefined;
    await upstream.close();
    await rm(folder, { recursive: true, force: true });
  });
  const place: Workplace = {
    get folder() {
      return folder;
    },
    get file() {
      return join(folder, "policy.yaml");
    },
    get upstream() {
      return upstream;
    },
    async run(args = [], options = {}) {
      running = await startSluice(["run", place.file, ...args], options);
      return running;
    },
    async start(text, args, options) {
      await writeFile(place.file, text);
      const cli = await place.run(args, options);
      await cli.prints(/^watching .*policy\.yaml.*; Ctrl-C ends$/m);
      const [, url = ""] = await cli.prints(/^public: (http:\/\/127\.0\.0\.1:\d+)$/m);
      return { cli, url };
    },
    async replace(text) {
      await writeFile(`${place.file}.new`, text);
      await rename(`${place.file}.new`, place.file);
    },
    change: (cli, text) => place.word(cli, () => place.replace(text)),
    async word(cli, edit) {
      const before = cli.stdout().length;
      await edit();
      return until("a word on the new policy", () => /^.*policy\.yaml: (.+)$/m.exec(cli.stdout().slice(before))?.[1]);
    },
  };
  return place;
}
