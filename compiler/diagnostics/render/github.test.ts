import { expect, test } from "vitest";
import { SourceFile } from "../../syntax/source.js";
import { diagnose } from "../diagnostic.js";
import { reportOf } from "../report.js";
import { renderGithub } from "./github.js";

const source = new SourceFile("a,b:c.yaml", "key: 1\n  - x\n");

test("one command a finding, escaped as the runner reads it", () => {
  const finding = diagnose(
    "SL0010",
    { key: "100%\n::stop-commands::x" },
    { source, start: 0, end: 3 },
    {
      related: [{ message: "first defined here", span: { source, start: 9, end: 10 } }],
      fix: { title: "remove it", safe: true, edits: [] },
    },
  );
  expect(renderGithub(reportOf([finding]))).toBe(
    "::error file=a%2Cb%3Ac.yaml,line=1,endLine=1,col=1,endColumn=3,title=SL0010::" +
      "a,b:c.yaml:1:1: SL0010: the key `100%25\\n::stop-commands::x` stands twice in this mapping" +
      "%0Aa,b:c.yaml:2:3: note: first defined here%0Afix: remove it\n",
  );
});

test("a place of several lines has no columns, and an empty one has a width", () => {
  const lines = (start: number, end: number) =>
    renderGithub(reportOf([diagnose("SL0004", {}, { source, start, end })])).split("::")[1];
  expect(lines(0, 9)).toBe("error file=a%2Cb%3Ac.yaml,line=1,endLine=2,title=SL0004");
  expect(lines(4, 4)).toBe("error file=a%2Cb%3Ac.yaml,line=1,endLine=1,col=5,endColumn=5,title=SL0004");
});

test("warnings are warnings, silenced ones are not told, and what was not read is an error", () => {
  const warning = diagnose("SL0403", { policy: "p" }, { source, start: 0, end: 1 });
  const suppressed = [{ diagnostic: warning, reason: "later" }];
  expect(renderGithub(reportOf([warning]))).toMatch(/^::warning /);
  expect(renderGithub(reportOf([], { suppressed, unread: [{ path: "p.yaml", reason: "no such file" }] }))).toBe(
    "::error file=p.yaml,title=not read::no such file\n",
  );
});
