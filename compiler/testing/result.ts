/*
 * What came of test files as data: what `sluice test --format json` prints and the package gives. Nothing is imported
 * here, as these types are handed out with the package. Places are `file:line:column`, lines and columns from 1.
 */

/** Where a case runs: in Node, through the module that ships and a model of Envoy, or in a real Envoy. */
export type EngineName = "embedded" | "envoy";

/** How many cases there are of each outcome. */
export interface TestSummary {
  readonly passed: number;
  readonly failed: number;
  /** Cases that need a real Envoy, where there was to be none. */
  readonly notRun: number;
}

/** The cases of one test file that the filter lets through, in the order of the file. */
export interface FileOutcome {
  readonly path: string;
  readonly cases: readonly CaseOutcome[];
}

/** What came of one case. */
export interface CaseOutcome {
  readonly name: string;
  /** Where its name stands. */
  readonly place: string;
  readonly outcome: "passed" | "failed" | "not-run";
  /** The engines whose answers counted. */
  readonly engines: readonly EngineName[];
  /** Of a case that was not run, or not on Envoy though that was asked for: why. */
  readonly reason?: string;
  /** Of a case that failed: the first request that did not do what it should. */
  readonly failure?: CaseFailure;
}

/** The first request of a case that did not do what it should. */
export interface CaseFailure {
  /** Of what was expected; or what came out otherwise on Envoy (`actual`) than on the embedded host (`expected`). */
  readonly differences: readonly CaseDifference[];
  /** Where it failed; `both` where both engines differ from what is expected, `disagreement` where only one from the other. */
  readonly on: EngineName | "both" | "disagreement";
  /** Which request of how many, where there are several: `step 2 of 3, request 4 of 20`. */
  readonly position?: string;
  /** What became of the request, for people, without line breaks. */
  readonly trace: readonly string[];
  /** Of all that was left to chance, where something was. */
  readonly seed?: number;
}

/** One thing that came out otherwise. */
export interface CaseDifference {
  /** Where the file says what is expected; of a disagreement the name of the case. */
  readonly place: string;
  /** Such as `status` or `header x-consumer`. */
  readonly what: string;
  readonly expected: string;
  readonly actual: string;
}

/** How much of one policy file its test files exercise. */
export interface PolicyCoverage {
  /** Path of the policy file. */
  readonly policy: string;
  /** How many there are of each, and how many of them some case exercised. */
  readonly counts: Readonly<Record<"route" | "policy" | "rule", { readonly all: number; readonly covered: number }>> & {
    /** Absent where no policy converts. */
    readonly operation?: { readonly all: number; readonly covered: number };
  };
  /** In the order of the file, routes first. */
  readonly uncovered: readonly UncoveredPart[];
}

/** A part of a policy file that no case exercised. */
export interface UncoveredPart {
  readonly what: "route" | "policy" | "rule" | "operation";
  /** Of a rule `policy/rule`, of an operation `policy/Operation`. */
  readonly name: string;
  readonly place: string;
}

/** What came of all test files. */
export interface TestOutcome {
  readonly summary: TestSummary;
  /** Files without a case that the filter lets through are left out. */
  readonly files: readonly FileOutcome[];
  /** One for each policy file, where it was asked for. */
  readonly coverage?: readonly PolicyCoverage[];
}
