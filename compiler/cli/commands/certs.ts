import { lstatSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { issue, makeAuthority } from "../../runtime/certificates.js";
import { EnvironmentError, EXIT, UsageError } from "../exit.js";

export interface CertsOptions {
  out: string;
  /** Name in the certificate of the client. */
  client: string;
}

/** Of this machine, whatever else is asked for. */
const LOCAL = ["localhost", "127.0.0.1", "::1"];

const HOST = /^(\*\.)?[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/;

function isHost(name: string): boolean {
  return HOST.test(name) && name.length <= 253;
}

/** What names a workload, as SPIFFE has it: a comma would begin another name. */
const NAME_OF_CLIENT = /^[a-z][a-z0-9+.-]*:\/\/[A-Za-z0-9._~/-]{1,240}$/;

/**
 * `sluice certs dev`: an authority of this machine, a certificate for a listener and one for a client. Writes all files, or
 * none where one of them is there: a certificate that somebody uses is never replaced.
 */
export async function certsDevCommand(names: readonly string[], { out, client: named }: CertsOptions): Promise<number> {
  const odd = names.find((name) => isIP(name) === 0 && !isHost(name));
  if (odd !== undefined) throw new UsageError(`${odd} is neither a host name nor an IP address`);
  if (!isHost(named) && !NAME_OF_CLIENT.test(named))
    throw new UsageError(`${named} is neither a host name nor a URI such as spiffe://shop.example/web`);
  const paths = ["ca.crt", "ca.key", "server.crt", "server.key", "client.crt", "client.key"].map((name) =>
    join(out, name),
  );
  const taken = paths.filter((path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined);
  if (taken.length > 0) throw new EnvironmentError(`nothing was written; there is already ${taken.join(", ")}`);

  const all = [...new Set([...LOCAL, ...names])];
  const authority = await makeAuthority("Sluice development");
  const server = await issue(authority, { name: "server", names: all, usage: "server" });
  const client = await issue(authority, { name: "client", names: [named], usage: "client" });
  await writeNew(out, {
    "ca.crt": authority.certificate,
    "ca.key": authority.key,
    "server.crt": server.certificate,
    "server.key": server.key,
    "client.crt": client.certificate,
    "client.key": client.key,
  });
  const lines = [
    ...paths.map((path) => `wrote ${path}`),
    "",
    `server.crt is for ${all.join(", ")}, client.crt for ${named}. Whoever has ca.key can make certificates that those who trust ca.crt accept:`,
    "it stays on this machine, and out of version control.",
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  return EXIT.ok;
}

/** Keys are for their owner alone, from the first byte on. */
async function writeNew(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  const staged: string[] = [];
  const written: string[] = [];
  try {
    await mkdir(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder, `.${name}.next`);
      const file = await open(path, "wx", name.endsWith(".key") ? 0o600 : 0o644);
      staged.push(path);
      await file.writeFile(text).finally(() => file.close());
    }
    for (const name of Object.keys(files)) {
      await rename(join(folder, `.${name}.next`), join(folder, name));
      written.push(join(folder, name));
    }
  } catch (error) {
    for (const path of [...staged, ...written]) await rm(path, { force: true });
    throw new EnvironmentError(`cannot write to ${folder}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
