import { built } from "./cases/built.js";
import type { VerifyCase } from "./cases/case.js";
import { declared } from "./cases/declared.js";
import { good } from "./cases/good.js";
import { routed } from "./cases/routed.js";

export const cases: readonly VerifyCase[] = [...good, ...declared, ...built, ...routed];
