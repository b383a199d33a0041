import { median } from "../statistics.mjs";
import { micro, microMore } from "../tables.mjs";
import { measureRounds } from "./rounds.mjs";
import { furtherText } from "./variants.mjs";
import { SETS } from "./workload.mjs";

/*
 * What each further policy costs: rules beside token, rule and limit, in the one guard, and in filters of Envoy of their own.
 */

/** Beside three policies: the second makes five. */
const COUNTS = [0, 2, 5];

/** The rows of a table, and what they say. */
export async function measureFurther(parts) {
  const set = SETS["rs256-cached"];
  const configText = furtherText(set, COUNTS, { upstreamPort: parts.upstreamPort, modulesDir: "modules" });
  const { measured, rounds } = await measureRounds(configText, set, parts);
  const between = (one, other) => median(rounds.map((round) => round[one] - round[other]));
  const each = (name) => micro(between(`${name}_${COUNTS.at(-1)}`, `${name}_${COUNTS[0]}`) / COUNTS.at(-1));
  return {
    title: "Further policies: CPU a request",
    rows: [
      ["policies", "native", "sluice", "of native"],
      ...COUNTS.map((count) => {
        const [native, sluice] = ["native", "sluice"].map((name) => between(`${name}_${count}`, "bare"));
        return [String(3 + count), microMore(native), microMore(sluice), (sluice / native).toFixed(2)];
      }),
    ],
    notes: [
      `Each further one adds ${each("sluice")} us to the guard and ${each("native")} us to Envoy's own filters. The aim: at most 0.3 us, and from the fifth on not more than these. ${rounds.length} rounds, ${measured.rounds.length - rounds.length} left out, ${measured.answers} requests, all 200; other processes had ${measured.strangers.toFixed(2)} cores.`,
    ],
  };
}
