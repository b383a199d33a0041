import type { Command } from "commander";
import { LEAST_ROUNDS } from "../plan/verifier.js";
import { rounds } from "./arguments.js";
import type { CertsOptions } from "./commands/certs.js";
import type { HashOptions } from "./commands/hash.js";
import { example } from "./examples.js";

/** The commands that make what somebody proves themselves with. */
export function addCredentialCommands(root: Command, finish: (code: number) => void): void {
  const certs = root
    .command("certs")
    .description("certificates to try TLS with")
    .addHelpText("after", example("sluice certs dev"));
  certs
    .command("dev")
    .description("make a local authority, a certificate for a listener and one for a client; needs openssl")
    .argument("[names...]", "host names and IP addresses of the listener, beside localhost, 127.0.0.1 and ::1")
    .option("--out <folder>", "where to write; nothing there is overwritten", "certs")
    .option("--client <name>", "host name or URI in the certificate of the client", "client")
    .addHelpText("after", example("sluice certs dev", "sluice certs dev shop.test '*.shop.test' --out certs"))
    .action(async (names: string[], options: CertsOptions) =>
      finish(await (await import("./commands/certs.js")).certsDevCommand(names, options)),
    );

  root
    .command("hash")
    .description("print the verifier of a password, for the credential basic of a consumer")
    .option(
      "--rounds <count>",
      "how dear each attempt is to whoever finds the verifier, and to Envoy",
      rounds,
      LEAST_ROUNDS,
    )
    .addHelpText("after", example("sluice hash", "sluice hash --rounds 5000 < password.txt"))
    .addHelpText(
      "after",
      "\nThe password comes by standard input, one line at most, or is asked for at a terminal, where it is not shown. It is never\nan argument: those are seen by everybody on the machine.",
    )
    .action(async (options: HashOptions) => finish(await (await import("./commands/hash.js")).hashCommand(options)));
}
