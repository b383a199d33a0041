/*
 * What a run of the bench leaves behind: results.json, the table in README.md and the chart, both made from it.
 * A test holds the three together.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chartOf } from "./chart.mjs";
import { signed } from "./tables.mjs";

const file = (name) => fileURLToPath(new URL(name, import.meta.url));
export const RESULTS = file("results.json");
export const CHART = file("performance.svg");
export const README = file("../../README.md");

const BEGIN = "<!-- performance: begin -->";
const END = "<!-- performance: end -->";

/** How the variants are called where people read of them. */
export const LABELS = {
  native: "Envoy's own filters: early header mutation, api_key_auth, rbac, local_ratelimit",
  guard: "guard.wasm",
  lua: "Lua",
  rust_sdk: "Wasm with the Rust SDK",
  go_sdk: "Wasm with the Go SDK",
  as_sdk: "Wasm with the published AssemblyScript SDK",
  ext_authz_grpc: "ext_authz, a Go service over gRPC (its CPU counted)",
  ext_authz: "ext_authz, a Node service over HTTP (its CPU counted)",
};

/**
 * @param {import("./report.mjs").Result} result
 * @returns the figures that are kept: microseconds of CPU a request, MiB
 */
export function summaryOf({ machine, sets, memory, base, peer, hostCalls }) {
  const [direct, forward] = sets;
  const rows = direct.rows
    .filter(({ name }) => name !== base)
    .map((row) => {
      const other = forward.rows.find(({ name }) => name === row.name);
      return {
        name: row.name,
        direct: spread(row),
        forward: spread(other),
        memory: round((memory[row.name].anonymous - memory[base].anonymous) / 1_048_576),
      };
    });
  const kept = sets.map(({ accepted, rejected, disturbed, strangers }) => ({
    rounds: accepted,
    leftOut: rejected,
    disturbed: round(disturbed, 2),
    strangers: round(strangers, 2),
  }));
  return { machine, peer, rows, sets: kept, hostCalls: round(hostCalls.total, 2) };
}

function spread({ added, p25, p75, ratio }) {
  return { added: round(added / 1e3), from: round(p25 / 1e3), to: round(p75 / 1e3), ratio: round(ratio) };
}

function round(value, digits = 1) {
  return Number(value.toFixed(digits));
}

/** The part of README.md that is made from the figures. */
export function sectionOf({ machine, rows, sets }) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const cell = ({ added, from, to }) => `${signed(String(added))} (${from} to ${to})`;
  const noise = sets.map(({ rounds, leftOut }) => `${rounds} of ${rounds + leftOut}`).join(" and ");
  return [
    "![CPU that each way of saying the same policy adds to a request](test/bench/performance.svg)",
    "",
    `Envoy's CPU for one request above an Envoy without policies, in microseconds: median, in brackets the middle half; ${machine}.`,
    `Rounds that counted: ${noise}. All variants know the same 100 callers, check the same rule, count each caller alone and write the same kind of headers.`,
    "",
    line(["variant", "answered by the proxy", "of native", "forwarded", "of native", "memory over bare"]),
    "|---|---:|---:|---:|---:|---:|",
    ...rows.map(({ name, direct, forward, memory }) =>
      line([
        name === "guard" ? `**${LABELS[name]}**` : LABELS[name],
        cell(direct),
        direct.ratio.toFixed(1),
        cell(forward),
        forward.ratio.toFixed(1),
        `${memory} MiB`,
      ]),
    ),
  ].join("\n");
}

/** README.md with another section of figures. */
export function readmeWith(readme, section) {
  const [before, rest] = split(readme, BEGIN);
  const [, after] = split(rest, END);
  return `${before}${BEGIN}\n${section}\n${END}${after}`;
}

function split(text, mark) {
  const at = text.indexOf(mark);
  if (at < 0) throw new Error(`README.md has no ${mark}`);
  return [text.slice(0, at), text.slice(at + mark.length)];
}

export function save(result) {
  const summary = summaryOf(result);
  write(RESULTS, `${JSON.stringify(summary, null, 2)}\n`);
  write(CHART, chartOf(summary, LABELS));
  write(README, readmeWith(readFileSync(README, "utf8"), sectionOf(summary)));
}

function write(path, text) {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}
