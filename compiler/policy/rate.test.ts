import { expect, it } from "vitest";
import { parseRate } from "./rate.js";

it("reads every form of a rate", () => {
  expect(parseRate("100/minute")).toEqual({ count: 100, periodMs: 60_000, burst: 100 });
  expect(parseRate("10/second burst 20")).toEqual({ count: 10, periodMs: 1_000, burst: 20 });
  expect(parseRate("100 per 15s")).toEqual({ count: 100, periodMs: 15_000, burst: 100 });
  expect(parseRate("1/day")).toEqual({ count: 1, periodMs: 86_400_000, burst: 1 });
  expect(parseRate("5 / hour")).toEqual({ count: 5, periodMs: 3_600_000, burst: 5 });
  expect(parseRate("1000000/second")).toEqual({ count: 1_000_000, periodMs: 1_000, burst: 1_000_000 });
});

it("gives a sentence for anything else", () => {
  for (const text of [
    "",
    "100",
    "100/fortnight",
    "-1/second",
    "1.5/second",
    "1e3/second",
    "100/minute burst",
    "burst 5",
    "0/second",
    "5/second burst 0",
    "1000001/second",
    "1 per 0s",
    "1 per 32d",
    "1/day burst 400",
    "１/second",
  ])
    expect(typeof parseRate(text), text).toBe("string");
});
