import { describe, expect, test } from "vitest";
import { nearest } from "./suggest.js";

describe("nearest", () => {
  const known = ["rateLimit", "authenticate", "authorize", "routes", "to", "jwt", "retry", "rate", "x-api-key"];

  test.each([
    ["ratelimit", "rateLimit"],
    ["rate_limit", "rateLimit"],
    ["rate-limit", "rateLimit"],
    ["RateLimits", "rateLimit"],
    ["autenticate", "authenticate"],
    ["authorise", "authorize"],
    ["rotues", "routes"],
    ["route", "routes"],
    ["jtw", "jwt"],
    ["retyr", "retry"],
    ["X-API-Key", "x-api-key"],
    ["rats", "rate"],
  ])("%s stands for %s", (word, expected) => {
    expect(nearest(word, known)).toBe(expected);
  });

  test.each(["", "x", "of", "cors", "listeners", "auth", "x".repeat(100_000)])("%.20s stands for none", (word) => {
    expect(nearest(word, known)).toBeUndefined();
  });

  test("a word is not a suggestion for itself", () => {
    expect(nearest("retry", ["retry"])).toBeUndefined();
    expect(nearest("retry", ["retry", "retrys"])).toBe("retrys");
  });

  test("takes the nearest, and of equally near ones the first", () => {
    expect(nearest("method", ["methodist", "methods"])).toBe("methods");
    expect(nearest("host", ["hose", "hosts", "Host"])).toBe("Host");
    expect(nearest("hos", ["hot", "host"])).toBe("hot");
  });
});
