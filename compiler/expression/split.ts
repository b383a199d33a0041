import { type JsonPredicate, lower } from "./lower.js";
import { childrenOf, type LogicNode, type Range, type Typed } from "./tree.js";

/**
 * An expression over a request and its answer in two parts: what the request tells, and what is asked once it is over. A module
 * that decides at the end need not keep the request until then, but only what came of the first part.
 */
export interface Split {
  /** Conditions over the request alone, each once. */
  readonly noted: readonly JsonPredicate[];
  /** The whole, with `["noted", i]` in the place of each of them. */
  readonly when: JsonPredicate;
}

/** @returns the split, or the parts that look at a value of the request and one of the answer together */
export function splitByAnswer(tree: Typed): Split | { readonly mixed: readonly Range[] } {
  const splitter = new Splitter();
  const when = splitter.split(tree, tree);
  return splitter.mixed.length > 0 ? { mixed: splitter.mixed } : { noted: splitter.noted, when };
}

class Splitter {
  readonly noted: JsonPredicate[] = [];
  readonly mixed: Range[] = [];
  readonly #indices = new Map<string, number>();

  /** @param within the operation that the tree is an operand of */
  split(tree: Typed, within: Range): JsonPredicate {
    const { request, answer } = readsOf(tree);
    if (!request) return lower(tree);
    if (!answer && tree.type === "bool") return this.#note(tree);
    if (tree.kind === "attribute") return this.#refuse(within);
    if (tree.kind === "and" || tree.kind === "or") return this.#logic(tree);
    return lower(tree, (part) => this.split(part, answer ? tree : within));
  }

  /** A value of the request is no condition: it would have to be kept as it is. */
  #refuse({ start, end }: Range): JsonPredicate {
    if (!this.mixed.some((one) => one.start === start && one.end === end)) this.mixed.push({ start, end });
    return false;
  }

  /** Kleene's `&&` and `||` take their operands in any order, so what the request tells is one condition. */
  #logic(tree: LogicNode): JsonPredicate {
    const early = tree.operands.filter((operand) => readsOf(operand).request && !readsOf(operand).answer);
    const late = tree.operands.filter((operand) => !early.includes(operand));
    const [only] = early;
    const condition = early.length > 1 ? { ...tree, operands: early } : only;
    const operands = [...(condition === undefined ? [] : [condition]), ...late];
    return lower({ ...tree, operands }, (part) => this.split(part, tree));
  }

  #note(tree: Typed): JsonPredicate {
    const predicate = lower(tree);
    const key = JSON.stringify(predicate);
    const index = this.#indices.get(key) ?? this.noted.push(predicate) - 1;
    this.#indices.set(key, index);
    return ["noted", index];
  }
}

/** Whether values of the request, and of the answer, are looked at. */
function readsOf(tree: Typed): { request: boolean; answer: boolean } {
  if (tree.kind === "attribute") {
    const answer = tree.attribute.availability === "response";
    return { request: !answer, answer };
  }
  const parts = childrenOf(tree).map(readsOf);
  return { request: parts.some(({ request }) => request), answer: parts.some(({ answer }) => answer) };
}
