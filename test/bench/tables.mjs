/** Rows of cells, the first row heads, as text. */
export function tableOf(rows, markdown) {
  return markdown ? markdownTable(rows) : plainTable(rows);
}

export function markdownTable([head, ...rows]) {
  const line = (row) => `| ${row.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

function plainTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => `  ${row.map((cell, i) => cell.padStart(widths[i])).join("  ")}`).join("\n");
}

/** Microseconds. */
export function micro(nanoseconds) {
  return (nanoseconds / 1e3).toFixed(2);
}
