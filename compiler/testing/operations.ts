import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import type { GatewayPlan } from "../plan/plan.js";
import { unknownName } from "../policy/references.js";
import { type Node, nodeAt, type Path } from "../syntax/document.js";
import type { CheckedSuite } from "./check.js";
import { answerOf, type Mock, mocksOf } from "./mocks.js";
import type { Expectation, OperationAnswer } from "./suite.js";

/**
 * Answers of a service by operation: that there are such operations, and that the answers fit them.
 *
 * @param path of the mapping with the operations
 */
export function checkAnswers(
  service: string,
  answers: Readonly<Record<string, OperationAnswer>>,
  path: Path,
  plan: GatewayPlan,
  checked: CheckedSuite,
): Diagnostic[] {
  const operations = Object.entries(answers);
  if (operations.length === 0) return [];
  const mocks = mocksOf(plan).get(service) ?? [];
  if (mocks.length === 0) return [diagnose("SL0810", { service }, checked.place(path, "key"))];
  return operations.flatMap(([operation, answer]) => {
    const mock = mocks.find((one) => namesIn([one]).includes(operation));
    const place = [...path, operation];
    if (mock === undefined) return [unknownName("operation", operation, namesIn(mocks), checked.place(place, "key"))];
    return unfit(mock, operation, answer, place, checked);
  });
}

function unfit(
  { mock }: Mock,
  operation: string,
  answer: OperationAnswer,
  path: Path,
  { root, place }: CheckedSuite,
): Diagnostic[] {
  const asked = answerOf(answer);
  const value = "fault" in asked ? [...path, "fault", asked.fault.name] : [...path, "response"];
  return mock
    .check(operation, asked)
    .map(({ pointer, message }) =>
      diagnose("SL0809", { operation, reason: message }, place(following(root, value, pointer))),
    );
}

/** A path that goes on by a JSON pointer (RFC 6901), as far as there is something. */
function following(root: Node, path: Path, pointer: string): Path {
  let found = path;
  for (const token of pointer.split("/").slice(1)) {
    const name = token.replaceAll("~1", "/").replaceAll("~0", "~");
    const next = [...found, nodeAt(root, found)?.kind === "list" ? Number(name) : name];
    if (nodeAt(root, next) === undefined) return found;
    found = next;
  }
  return found;
}

/** The operation that a service is to be asked for. */
export function expectedOperation(
  expected: Expectation["upstream"],
  path: Path,
  plan: GatewayPlan,
  place: CheckedSuite["place"],
): Diagnostic[] {
  if (typeof expected !== "object") return [];
  const { service, operation, input } = expected;
  const key = operation === undefined ? "input" : "operation";
  if (!plan.services.some(({ name }) => name === service) || (operation ?? input) === undefined) return [];
  const mocks = mocksOf(plan).get(service) ?? [];
  if (mocks.length === 0) return [diagnose("SL0810", { service }, place([...path, key], "key"))];
  const known = namesIn(mocks);
  if (operation === undefined || known.includes(operation)) return [];
  return [unknownName("operation", operation, known, place([...path, "operation"]))];
}

function namesIn(mocks: readonly Mock[]): string[] {
  return mocks.flatMap(({ operations }) => operations.map(({ name }) => name));
}
