import { describe, expect, test } from "vitest";
import { codes, entryOf } from "./catalog.js";
import { codePage, plainPage } from "./page.js";

describe("the page of a code", () => {
  test.each(codes)("%s fits a terminal and says what can be done", (code) => {
    const page = codePage(code) ?? "";
    const { severity, fix } = entryOf(code) ?? {};
    expect(page).toMatch(new RegExp(`^${code} \\(${severity}\\)`));
    expect(page).not.toMatch(/```|\{hint\}|\n\n\n|[ \t]\n/);
    for (const line of page.split("\n")) if (!line.startsWith("    ")) expect(line.length).toBeLessThanOrEqual(100);
    expect(page.includes(`${code.startsWith("SL11") ? "<!--" : "#"} sluice-ignore: ${code} `)).toBe(
      severity === "warning",
    );
    const isOfOutput = code.startsWith("SL100");
    expect(page.includes("An error keeps the policy")).toBe(severity === "error" && !isOfOutput);
    expect(page.includes("compile --check` then ends with exit code 1")).toBe(isOfOutput);
    expect(page.includes("sluice check --fix`")).toBe(fix === "safe" || fix === "either");
    expect(page.includes("--fix=suggested`")).toBe(fix === "suggested" || fix === "either");
  });

  test("is found in any letter case, and there is none for other codes", () => {
    expect(codePage("sl0405")).toBe(codePage("SL0405"));
    expect(codePage("SL9999")).toBeUndefined();
  });
});

test("code in fences and indented code look alike, prose is wrapped between words", () => {
  const page =
    "One two three\nfour `five six` seven.\n\n```yaml\na: 1\n\n  b: 2\n```\nThen:\n\n    c: 3\n      d: 4\n\nEnd.";
  expect(plainPage(page, 14)).toBe(
    [
      "One two three",
      "four",
      "`five six`",
      "seven.",
      "",
      "    a: 1",
      "",
      "      b: 2",
      "",
      "Then:",
      "",
      "    c: 3",
      "      d: 4",
      "",
      "End.",
    ].join("\n"),
  );
});
