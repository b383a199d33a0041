import { expect, test } from "vitest";
import { SourceFile } from "../../syntax/source.js";
import { diagnose } from "../diagnostic.js";
import { reportOf } from "../report.js";
import { renderJunit } from "./junit.js";

/** Tags in pairs, known entities, and characters of XML 1.0 (section 2.2) only. */
function faultsOf(xml: string): string[] {
  const faults: string[] = [];
  const open: string[] = [];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones that XML does not have
  for (const bad of xml.match(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/gu) ?? []) faults.push(bad);
  const body = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, "");
  const rest = body.replace(/<(\/?)([a-z-]+)((?: [a-z]+="[^"<]*")*)(\/?)>/g, (_, closing, name, attributes, single) => {
    if (closing === "/" && open.pop() !== name) faults.push(`</${name}>`);
    if (closing === "" && single === "") open.push(name);
    return attributes;
  });
  return [...faults, ...open, ...(rest.match(/[<>]|&(?!(?:amp|lt|gt|quot);)/g) ?? [])];
}

const source = new SourceFile("p.yaml", 'a: "<b> & ]]>"\nc: \u0000\ufffe\n');

test("the check of this file sees what is not XML", () => {
  for (const bad of ["<a>", "<a></b>", "<a>&nbsp;</a>", '<a b="<"/>', "<a>\u0001</a>", "<a>]]></a>"])
    expect(faultsOf(bad)).not.toEqual([]);
  expect(faultsOf('<a b="&quot;"><c/>&amp;</a>')).toEqual([]);
});

test("a case for each file, which fails by its findings", () => {
  const error = diagnose("SL0010", { key: '<a> & "b" \u0007' }, { source, start: 3, end: 14 });
  const warning = diagnose("SL0403", { policy: "p" }, { source, start: 15, end: 16 });
  const report = reportOf([warning, error], {
    files: ["clean.yaml", "p.yaml"],
    suppressed: [{ diagnostic: warning, reason: "a < b" }],
    unread: [{ path: "gone.yaml", reason: "no such file" }],
  });
  const xml = renderJunit(report);
  expect(faultsOf(xml)).toEqual([]);
  expect(xml).toContain('<testsuites name="sluice" tests="3" failures="1" errors="1">');
  expect(xml).toContain('<testcase classname="sluice" name="clean.yaml" file="clean.yaml"/>');
  expect(xml.match(/<failure /g)).toHaveLength(2);
  expect(xml).toContain('<failure type="error" message="SL0010: the key `&lt;a&gt; &amp; &quot;b&quot; \\u{7}`');
  expect(xml).toContain("  1 | a: &quot;&lt;b&gt; &amp; ]]&gt;&quot;");
  expect(xml).toContain("  2 | c: \\u{0}\\u{fffe}");
  expect(xml).toContain("<system-out>p.yaml:2: SL0403 silenced: a &lt; b</system-out>");
  expect(xml).toContain('<error type="not read" message="no such file"/>');
});

test("is a document without findings too", () => {
  const xml = renderJunit(reportOf([], { files: ["p.yaml"] }));
  expect(faultsOf(xml)).toEqual([]);
  expect(xml).toContain('tests="1" failures="0" errors="0"');
  expect(faultsOf(renderJunit(reportOf([])))).toEqual([]);
});
