import type { Diagnostic } from "../diagnostic.js";
import type { Report } from "../report.js";
import { hideSecrets } from "./hidden.js";
import { blocks } from "./text.js";
import { visible } from "./visible.js";

/**
 * Findings as JUnit XML: a test case for each file, which fails by its findings, warnings among them; a file that could
 * not be read is an error. `failures` counts cases, as every reader of the format expects.
 */
export function renderJunit({ files, diagnostics, suppressed, unread }: Report): string {
  const hidden = hideSecrets(diagnostics);
  const texts = blocks(hidden);
  const failures = hidden.map(({ diagnostic }, index) => ({
    file: diagnostic.span.source.path,
    element: failure(diagnostic, texts[index] ?? ""),
  }));
  const cases = files.map((file) => {
    const elements = failures.filter((one) => one.file === file).map((one) => one.element);
    const silenced = suppressed.filter((one) => one.diagnostic.span.source.path === file);
    const lines = silenced.map(({ diagnostic, reason }) => {
      const { line } = diagnostic.span.source.position(diagnostic.span.start);
      return visible(`${file}:${line}: ${diagnostic.code} silenced: ${reason}`);
    });
    const output = lines.length === 0 ? [] : [`<system-out>${escaped(lines.join("\n"))}</system-out>`];
    return { failed: elements.length > 0, text: testCase(file, [...elements, ...output]) };
  });
  const errors = unread.map(({ path, reason }) =>
    testCase(path, [`<error type="not read" message="${escaped(visible(reason))}"/>`]),
  );
  const failed = cases.filter((one) => one.failed).length;
  const counts = `tests="${cases.length + errors.length}" failures="${failed}" errors="${errors.length}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="sluice" ${counts}>`,
    `  <testsuite name="sluice check" ${counts}>`,
    ...[...cases.map((one) => one.text), ...errors],
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function testCase(file: string, elements: readonly string[]): string {
  const name = escaped(visible(file));
  const opening = `    <testcase classname="sluice" name="${name}" file="${name}"`;
  if (elements.length === 0) return `${opening}/>`;
  return [`${opening}>`, ...elements.map((element) => `      ${element}`), "    </testcase>"].join("\n");
}

function failure({ code, severity, message }: Diagnostic, text: string): string {
  const attributes = `type="${severity}" message="${escaped(visible(`${code}: ${message}`))}"`;
  return `<failure ${attributes}>${escaped(text)}</failure>`;
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Text in which `visible` has left nothing that XML 1.0 cannot hold (section 2.2). */
function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => ENTITIES[sign] ?? sign);
}
