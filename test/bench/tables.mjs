/** Rows of cells, the first row heads, as text. */
export function tableOf(rows, markdown) {
  return markdown ? markdownTable(rows) : plainTable(rows);
}

function markdownTable([head, ...rows]) {
  const line = (row) => `| ${row.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

function plainTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  ");
  return rows.map((row) => `  ${line(row)}`.trimEnd()).join("\n");
}

/** Microseconds. */
export function micro(nanoseconds) {
  return (nanoseconds / 1e3).toFixed(2);
}

/** Microseconds more, or fewer. */
export function microMore(nanoseconds) {
  return signed(micro(nanoseconds));
}

/** A number as text, with its sign. */
export function signed(text) {
  return text.startsWith("-") ? text : `+${text}`;
}
