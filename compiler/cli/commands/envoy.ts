import { requireEnvoy } from "../envoy.js";
import { EXIT } from "../exit.js";

/** `sluice envoy install`: exit 0 once an Envoy that fits is there. */
export async function envoyInstallCommand(): Promise<number> {
  const envoy = await requireEnvoy();
  process.stdout.write(`Envoy ${envoy.version}: ${envoy.path}\n`);
  return EXIT.ok;
}
