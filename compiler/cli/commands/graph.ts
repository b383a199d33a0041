import { serviceGraph } from "../../graph/model.js";
import { type GraphFormat, graphText } from "../../graph/print.js";
import { EXIT } from "../exit.js";
import { checkFile } from "../files.js";
import { printFindings } from "../print.js";

export interface GraphOptions {
  policy: string;
  format: GraphFormat;
}

/** `sluice graph`: which listener leads to which service, by which routes and past which policies. */
export async function graphCommand({ policy, format }: GraphOptions): Promise<number> {
  const { plan, diagnostics } = checkFile(policy);
  if (plan === undefined) {
    printFindings(diagnostics, "text");
    return EXIT.findings;
  }
  process.stdout.write(graphText(serviceGraph(plan), format));
  return EXIT.ok;
}
