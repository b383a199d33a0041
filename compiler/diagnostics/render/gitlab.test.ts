import { expect, test } from "vitest";
import { z } from "zod";
import { SourceFile } from "../../syntax/source.js";
import { diagnose } from "../diagnostic.js";
import { reportOf } from "../report.js";
import { renderGitlab } from "./gitlab.js";

/** What GitLab wants of a Code Quality report. */
const reportSchema = z.array(
  z.strictObject({
    description: z.string().min(1),
    check_name: z.string().min(1),
    fingerprint: z.string().min(1),
    severity: z.enum(["info", "minor", "major", "critical", "blocker"]),
    location: z.strictObject({
      path: z.string().regex(/^(?!\.\/|\/)./),
      lines: z.strictObject({ begin: z.int().positive(), end: z.int().positive() }),
    }),
  }),
);
const issuesOf = (report: Parameters<typeof renderGitlab>[0]) => reportSchema.parse(JSON.parse(renderGitlab(report)));

const source = new SourceFile("./shop/policy.yaml", "a: 1\nb: 2\n");
const finding = (start: number, end: number, key = "b") =>
  diagnose("SL0010", { key }, { source, start, end }, { fix: { title: "remove it", safe: true, edits: [] } });

test("a finding is an issue, with its fix", () => {
  expect(renderGitlab(reportOf([finding(5, 9)]))).toBe(`[
  {
    "description": "SL0010: the key \`b\` stands twice in this mapping (fix: remove it)",
    "check_name": "SL0010",
    "severity": "critical",
    "location": {
      "path": "shop/policy.yaml",
      "lines": {
        "begin": 2,
        "end": 2
      }
    },
    "fingerprint": "64f3772223ceaaa0008ca5980703e26b00095cb069fadc98cefa149a0bd58a3c"
  }
]
`);
});

test("its fingerprint is the same on another line, and another one for another finding", () => {
  const [here, there, other] = issuesOf(reportOf([finding(0, 4), finding(5, 9), finding(5, 9, "c")]));
  const [moved] = issuesOf(reportOf([finding(5, 9)]));
  expect(moved?.fingerprint).toBe(here?.fingerprint);
  expect(new Set([here, there, other].map((issue) => issue?.fingerprint)).size).toBe(3);
});

test("warnings are minor, silenced ones are left out, and what was not read is a blocker", () => {
  const warning = diagnose("SL0403", { policy: "p\u0007" }, { source, start: 0, end: 1 });
  const suppressed = [{ diagnostic: warning, reason: "later" }];
  expect(issuesOf(reportOf([warning])).map(({ severity }) => severity)).toEqual(["minor"]);
  expect(renderGitlab(reportOf([warning]))).not.toContain("\u0007");
  const unread = [{ path: "p.yaml", reason: "p.yaml: no such file" }];
  expect(issuesOf(reportOf([], { suppressed, unread }))).toMatchObject([
    { check_name: "not read", severity: "blocker", description: "p.yaml: no such file", location: { path: "p.yaml" } },
  ]);
  expect(renderGitlab(reportOf([]))).toBe("[]\n");
});
