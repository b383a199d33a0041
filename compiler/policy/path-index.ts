import { beginningOf, covers, type PathPattern, steps } from "./path.js";

type Beginning = ReturnType<typeof beginningOf>;
type Listed<Entry> = { readonly pattern: PathPattern; readonly beginning: Beginning; readonly entry: Entry };

/** What the patterns that begin alike have in common: a step of the paths that they match. */
interface Branch<Entry> {
  readonly literals: Map<string, Branch<Entry>>;
  any: Branch<Entry> | undefined;
  /** Of the pattern that ends here, and of the one that takes everything below as well. */
  closed: Entry | undefined;
  open: Entry | undefined;
}

/**
 * Path patterns by the segments they name, to find those that cover or cross another without a look at each: a file of
 * ten thousand routes has fifty million pairs. `covers` and `mayMeet` say what is found.
 */
export class PathIndex<Entry> {
  private readonly create: () => Entry;
  private readonly root = branch<Entry>();
  private readonly regexes = new Map<string, Listed<Entry>>();
  private readonly all: Listed<Entry>[] = [];
  private sorted: Listed<Entry>[] | undefined;

  /** @param create makes the entry of a pattern that the index does not have yet */
  constructor(create: () => Entry) {
    this.create = create;
  }

  /** The entry of a pattern: one for all patterns that match the same paths. */
  at(pattern: PathPattern): Entry {
    if (pattern.form === "regex") return (this.regexes.get(pattern.regex) ?? this.addRegex(pattern)).entry;
    const { steps: path, rest } = steps(pattern);
    const end = path.reduce((from, step) => next(from, step), this.root);
    const known = rest ? end.open : end.closed;
    if (known !== undefined) return known;
    const { entry } = this.list(pattern);
    if (rest) end.open = entry;
    else end.closed = entry;
    return entry;
  }

  /** The entries of the patterns that surely match every path that this one matches, its own among them. */
  covering(pattern: PathPattern): Entry[] {
    if (pattern.form === "regex")
      return [this.root.open, this.regexes.get(pattern.regex)?.entry].filter((entry) => entry !== undefined);
    const { steps: path, rest } = steps(pattern);
    let found: (Entry | undefined)[] = [this.root.open];
    let ends = [this.root];
    for (const step of path) {
      ends = ends.flatMap((from) => following(from, step));
      found = [...found, ...ends.map((end) => end.open)];
    }
    return [...found, ...(rest ? [] : ends.map((end) => end.closed))].filter((entry) => entry !== undefined);
  }

  /**
   * The entries of the patterns that may match a path of this one, but not only such paths. Gives `undefined` for each
   * step that led to none, so that who reads can count the work.
   */
  *crossing(pattern: PathPattern): Generator<Entry | undefined> {
    if (pattern.form === "regex") {
      const own = beginningOf(pattern);
      for (const other of this.all)
        if (beginAlike(own, other.beginning) && !covers(pattern, other.pattern)) yield other.entry;
      return;
    }
    // Everything lies inside `/**`.
    const { steps: path, rest } = steps(pattern);
    if (rest && path.length === 0) return;
    yield* this.crossingRegexes(beginningOf(pattern));
    yield* crossingBranches(this.root, path, rest);
  }

  private *crossingRegexes(beginning: Beginning): Generator<Entry> {
    this.sorted ??= [...this.regexes.values()].sort((a, b) => compareTexts(a.beginning.text, b.beginning.text));
    const { text } = beginning;
    for (let length = 0; length < text.length; length++) yield* this.beginningWith(text.slice(0, length), "exactly");
    yield* this.beginningWith(text, beginning.open ? "at least" : "exactly");
  }

  private *beginningWith(text: string, how: "exactly" | "at least"): Generator<Entry> {
    const sorted = this.sorted ?? [];
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareTexts(sorted[middle]?.beginning.text ?? "", text) < 0) low = middle + 1;
      else high = middle;
    }
    for (let at = low; at < sorted.length; at++) {
      const one = sorted[at];
      if (one === undefined || !one.beginning.text.startsWith(text)) return;
      if (how === "exactly" && one.beginning.text !== text) return;
      yield one.entry;
    }
  }

  private addRegex(pattern: Extract<PathPattern, { form: "regex" }>): Listed<Entry> {
    const listed = this.list(pattern);
    this.regexes.set(pattern.regex, listed);
    this.sorted = undefined;
    return listed;
  }

  private list(pattern: PathPattern): Listed<Entry> {
    const listed = { pattern, beginning: beginningOf(pattern), entry: this.create() };
    this.all.push(listed);
    return listed;
  }
}

function branch<Entry>(): Branch<Entry> {
  return { literals: new Map(), any: undefined, closed: undefined, open: undefined };
}

function next<Entry>(from: Branch<Entry>, step: string | null): Branch<Entry> {
  if (step === null) {
    from.any ??= branch();
    return from.any;
  }
  const known = from.literals.get(step);
  if (known !== undefined) return known;
  const made = branch<Entry>();
  from.literals.set(step, made);
  return made;
}

/** The branches whose step takes whatever a step takes; none but itself takes the empty one of a slash at the end. */
function following<Entry>(from: Branch<Entry>, step: string | null): Branch<Entry>[] {
  const literal = step === null ? undefined : from.literals.get(step);
  return [literal, step === "" ? undefined : from.any].filter((one) => one !== undefined);
}

interface Position<Entry> {
  from: Branch<Entry>;
  depth: number;
  /** Whether the pattern takes every path that led here. */
  covered: boolean;
}

function* crossingBranches<Entry>(
  root: Branch<Entry>,
  path: readonly (string | null)[],
  rest: boolean,
): Generator<Entry | undefined> {
  const open: Position<Entry>[] = [{ from: root, depth: 0, covered: true }];
  for (let position = open.pop(); position !== undefined; position = open.pop()) {
    const { from, depth, covered } = position;
    // What lies inside the pattern does not cross it, nor does what lies below that.
    const isInside = covered && depth >= path.length;
    if (!(isInside && rest)) yield from.open;
    if (depth >= path.length && !isInside) yield from.closed;
    if (depth < path.length) for (const to of meeting(position, path[depth] ?? null)) open.push(to);
    else if (rest && !isInside) for (const to of below(position)) open.push(to);
  }
}

function meeting<Entry>({ from, depth, covered }: Position<Entry>, step: string | null): Position<Entry>[] {
  if (step === null) return below({ from, depth, covered }).filter(({ from: to }) => to !== from.literals.get(""));
  const literal = from.literals.get(step);
  return [
    ...(literal === undefined ? [] : [{ from: literal, depth: depth + 1, covered }]),
    ...(from.any === undefined || step === "" ? [] : [{ from: from.any, depth: depth + 1, covered: false }]),
  ];
}

function below<Entry>({ from, depth, covered }: Position<Entry>): Position<Entry>[] {
  const all = from.any === undefined ? [...from.literals.values()] : [...from.literals.values(), from.any];
  return all.map((to) => ({ from: to, depth: depth + 1, covered }));
}

/** Texts may begin alike if one begins with the other and the shorter may go on. */
function beginAlike(x: Beginning, y: Beginning): boolean {
  if (x.text.length === y.text.length) return x.text === y.text;
  return x.text.length > y.text.length ? y.open && x.text.startsWith(y.text) : x.open && y.text.startsWith(x.text);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
