import { micro, microMore, signed, tableOf } from "./tables.mjs";

/**
 * @typedef {{ title: string, rows: { name: string, total: number, added: number, p25: number, p75: number,
 *   ratio: number }[], accepted: number, rejected: number, answers: number, disturbed: number, strangers: number }} SetResult
 * @typedef {{ machine: string, sets: SetResult[], memory: Record<string, { all: number, anonymous: number }>,
 *   base: string, peer: string, hostCalls: { total: number, byName: [string, number][] } | undefined }} Result
 */

/** @param {Result} result @param {{ markdown: boolean }} options */
export function report(result, { markdown }) {
  const table = (rows) => tableOf(rows, markdown);
  const sets = result.sets.map((set) =>
    [setTitle(set, markdown), table(setRows(set, result)), setNote(set)].join("\n\n"),
  );
  const memory =
    Object.keys(result.memory).length === 0
      ? []
      : [`${heading("Memory: one worker, nothing but the variant", markdown)}\n\n${table(memoryRows(result))}`];
  const calls = result.hostCalls === undefined ? [] : [hostCallLine(result.hostCalls)];
  return [result.machine, ...sets, ...memory, ...calls].join("\n\n");
}

function heading(text, markdown) {
  return markdown ? `#### ${text}` : text;
}

function setTitle(set, markdown) {
  return heading(`${set.title}: CPU a request`, markdown);
}

function setRows(set, { base, peer }) {
  const rows = set.rows.map(({ name, total, added, p25, p75, ratio }) => {
    if (name === base) return [name, micro(total), "", "", ""];
    return [name, micro(total), microMore(added), `${micro(p25)} to ${micro(p75)}`, ratio.toFixed(2)];
  });
  return [["variant", "us in all", `over ${base}`, "middle half", `of ${peer}`], ...rows];
}

function setNote({ accepted, rejected, answers, disturbed, strangers }) {
  const noise = `${percent(disturbed)} of the slices were disturbed and made again, other processes had ${strangers.toFixed(2)} cores`;
  return `${accepted} rounds, ${rejected} left out, ${answers} requests, all 200; ${noise}.`;
}

function memoryRows({ memory, base }) {
  const rows = Object.entries(memory).map(([name, { all, anonymous }]) => {
    const more = name === base ? "" : signed(mebi(anonymous - memory[base].anonymous));
    return [name, mebi(all), mebi(anonymous), more];
  });
  return [["variant", "RSS MiB", "not file-backed", `over ${base}`], ...rows];
}

function hostCallLine({ total, byName }) {
  const parts = byName.map(([name, count]) => `${name} ${Number(count.toFixed(2))}`);
  return `Host calls a request: ${total.toFixed(2)} (${parts.join(", ")})`;
}

function mebi(bytes) {
  return (bytes / 1_048_576).toFixed(1);
}

function percent(part) {
  return `${Math.round(part * 100)} %`;
}
