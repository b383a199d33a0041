/*
 * The figures as an SVG: a bar for each variant, two of them where the service is another process. It is read on light and on dark pages.
 */

const WIDTH = 860;
const LEFT = 330;
const RIGHT = 90;
const ROW = 30;
const TOP = 44;

/** @param {{ machine: string, rows: { name: string, forward: { added: number, from: number, to: number } }[] }} summary */
export function chartOf({ machine, rows }, labels) {
  const most = Math.max(...rows.map(({ forward }) => forward.added));
  const scale = (WIDTH - LEFT - RIGHT) / most;
  const height = TOP + rows.length * ROW + 34;
  const bars = rows.map(({ name, forward: { added } }, index) => {
    const y = TOP + index * ROW;
    const style = name === "guard" ? "guard" : "other";
    const width = (added * scale).toFixed(1);
    return [
      `  <text x="${LEFT - 10}" y="${y + 17}" text-anchor="end"${style === "guard" ? ' class="strong"' : ""}>${escaped(shortened(labels[name]))}</text>`,
      `  <rect class="${style}" x="${LEFT}" y="${y + 4}" width="${width}" height="18" rx="2"/>`,
      `  <text x="${(LEFT + added * scale + 6).toFixed(1)}" y="${y + 17}" class="figure">+${added} us</text>`,
    ].join("\n");
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="CPU that each variant adds to a forwarded request">
  <style>
    text { font: 13px system-ui, sans-serif; fill: #24292f; }
    .title { font-size: 15px; font-weight: 600; }
    .strong { font-weight: 600; }
    .note { font-size: 11px; fill: #57606a; }
    .guard { fill: #0969da; }
    .other { fill: #afb8c1; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .note { fill: #8d96a0; }
      .guard { fill: #4493f8; }
      .other { fill: #57606a; }
    }
  </style>
  <text x="10" y="24" class="title">CPU that the same policy adds to one forwarded request (less is better)</text>
${bars.join("\n")}
  <text x="10" y="${height - 12}" class="note">${escaped(machine)}; npm run bench</text>
</svg>
`;
}

/** What stands before a colon or a comma says enough beside a bar. */
function shortened(label) {
  return label.replace(/[:(].*$/, "").trim();
}

function escaped(text) {
  return text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);
}
