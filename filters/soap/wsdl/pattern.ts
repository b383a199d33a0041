import {
  ANY_CHARACTER,
  type CharacterSet,
  character,
  escapedSet,
  loosened,
  negate,
  of,
  propertySet,
  re2Of,
  subtract,
  union,
} from "./pattern-classes.js";

/**
 * A regular expression of XML Schema (part 2, appendix F) in RE2's syntax, or why it has none.
 *
 * @param loose whether classes of Unicode may take every character beyond ASCII, which makes them small
 */
export function translatePattern(pattern: string, loose = false): { re2: string } | { reason: string } {
  const translation = new Translation(pattern, loose);
  const re2 = translation.run();
  return translation.problem === undefined ? { re2 } : { reason: translation.problem };
}

/** Classes that are taken from one another. */
const MOST_SUBTRACTIONS = 16;
/** Classes that the result of that is made of. */
const MOST_SETS = 64;
/** What an escaped character stands for that is not itself. */
const CONTROLS: ReadonlyMap<string, number> = new Map([
  ["n", 0xa],
  ["r", 0xd],
  ["t", 0x9],
]);
const PLAIN_ESCAPE = /^[\\|.?*+(){}\-[\]^$/"'#&%:;,=@~_!<> ]$/;

class Translation {
  problem: string | undefined;
  private readonly text: readonly string[];
  private readonly loose: boolean;
  private at = 0;
  private open = 0;

  constructor(pattern: string, loose: boolean) {
    this.loose = loose;
    this.text = [...pattern];
    // Whoever writes them means anchors; as the plain characters that they are, no value would match.
    if (this.text[0] === "^" || (this.text.at(-1) === "$" && this.text.at(-2) !== "\\"))
      this.problem = "`^` and `$` are plain characters in XML Schema, where a pattern covers the whole value anyway";
  }

  run(): string {
    const parts: string[] = [];
    let repeatable = false;
    while (this.at < this.text.length && this.problem === undefined) {
      const sign = this.text[this.at] ?? "";
      if (/^[?*+{]$/.test(sign)) {
        if (!repeatable) return this.fail(`\`${sign}\` repeats nothing`);
        parts.push(this.quantifier());
        repeatable = false;
      } else {
        parts.push(this.part(sign));
        repeatable = sign !== "|" && sign !== "(";
      }
    }
    if (this.open > 0) return this.fail("a `(` is not closed");
    return parts.join("");
  }

  private fail(reason: string): string {
    this.problem ??= reason;
    return "";
  }

  private part(sign: string): string {
    if (sign === "[") return this.bracketed();
    if (sign === "\\") return this.oneOf([this.escape()]);
    this.at++;
    switch (sign) {
      case "(":
        this.open++;
        return "(?:";
      case ")":
        this.open--;
        return this.open < 0 ? this.fail("a `)` closes nothing") : ")";
      case "|":
        return "|";
      case ".":
        return re2Of(ANY_CHARACTER);
      case "]":
      case "}":
        return this.fail(`\`${sign}\` closes nothing`);
      default:
        return character(sign.codePointAt(0) ?? 0);
    }
  }

  private quantifier(): string {
    const sign = this.text[this.at++] ?? "";
    if (sign !== "{") return sign;
    const end = this.text.indexOf("}", this.at);
    const inside = this.text.slice(this.at, Math.max(end, this.at)).join("");
    const [, least = "", comma = "", most = ""] = /^([0-9]{1,9})(,?)([0-9]{0,9})$/.exec(inside) ?? [];
    if (least === "" || (most !== "" && Number(most) < Number(least)))
      return this.fail(`\`{${inside}}\` is no number of repetitions`);
    this.at = end + 1;
    return `{${Number(least)}${comma}${most === "" ? "" : Number(most)}}`;
  }

  private oneOf(sets: readonly (CharacterSet | undefined)[]): string {
    const classes = sets.flatMap((set) => (set === undefined ? [] : [re2Of(this.loose ? loosened(set) : set)]));
    return classes.length === 1 ? (classes[0] ?? "") : `(?:${classes.join("|")})`;
  }

  /** At a backslash. */
  private escape(): CharacterSet | undefined {
    const letter = this.text[this.at + 1] ?? "";
    this.at += 2;
    if (letter === "p" || letter === "P") return this.property(letter === "P");
    const code = CONTROLS.get(letter) ?? (PLAIN_ESCAPE.test(letter) ? letter.codePointAt(0) : undefined);
    const set = code === undefined ? escapedSet(letter) : of([[code, code]]);
    if (set === undefined) this.fail(`there is no escape \`\\${letter}\``);
    return set;
  }

  private property(inverted: boolean): CharacterSet | undefined {
    const end = this.text.indexOf("}", this.at);
    const name = this.text.slice(this.at + 1, Math.max(end, this.at + 1)).join("");
    const set = this.text[this.at] === "{" ? propertySet(name, inverted) : undefined;
    if (set === undefined) this.fail(`there is no category or block \`${name}\``);
    this.at = end + 1;
    return set;
  }

  /** At a bracket that opens a class, and classes that are taken from it. */
  private bracketed(): string {
    const classes: CharacterSet[] = [];
    let subtracted = true;
    while (subtracted && this.problem === undefined) {
      this.at++;
      if (classes.length >= MOST_SUBTRACTIONS) return this.fail("it takes too many classes from one another");
      const { set, more } = this.classItems();
      classes.push(set);
      subtracted = more;
    }
    for (let closed = 0; closed < classes.length && this.problem === undefined; closed++)
      if (this.text[this.at++] !== "]") return this.fail("a `[` is not closed");
    const sets = difference(classes);
    return sets === undefined ? this.fail("it takes too many classes from one another") : this.oneOf(sets);
  }

  /** Behind the bracket; `more` if another class is to be taken from this one, and then at its bracket. */
  private classItems(): { set: CharacterSet; more: boolean } {
    const negated = this.text[this.at] === "^";
    if (negated) this.at++;
    const items: CharacterSet[] = [];
    let more = false;
    while (this.at < this.text.length && this.text[this.at] !== "]" && this.problem === undefined) {
      more = this.text[this.at] === "-" && this.text[this.at + 1] === "[" && items.length > 0;
      if (more) {
        this.at++;
        break;
      }
      const item = this.classItem();
      if (item !== undefined) items.push(item);
    }
    if (items.length === 0) this.fail("a class has no characters");
    const set = union(items);
    return { set: negated ? negate(set) : set, more };
  }

  /** A character, a class of characters, or a range. */
  private classItem(): CharacterSet | undefined {
    const first = this.classCharacter();
    if (first === undefined || "classes" in first) return first;
    const next = this.text[this.at + 1];
    if (this.text[this.at] !== "-" || next === "]" || next === "[") return of([[first.code, first.code]]);
    this.at++;
    const last = this.classCharacter();
    if (last === undefined || "classes" in last || last.code < first.code) {
      this.fail("a range of characters ends before it begins");
      return undefined;
    }
    return of([[first.code, last.code]]);
  }

  private classCharacter(): { code: number } | CharacterSet | undefined {
    const sign = this.text[this.at] ?? "";
    if (sign !== "\\") {
      this.at++;
      if (sign === "[" || sign === "") this.fail("a class has an unescaped `[`, or no end");
      return { code: sign.codePointAt(0) ?? 0 };
    }
    const set = this.escape();
    const [only] = set?.ranges ?? [];
    const single = set?.classes.length === 0 && set.ranges.length === 1 && only !== undefined && only[0] === only[1];
    return single ? { code: only[0] } : set;
  }
}

/** The first class without the rest, of which each is without those behind it; undefined if that takes too many. */
function difference(classes: readonly CharacterSet[]): CharacterSet[] | undefined {
  let taken: CharacterSet[] = [];
  for (const set of classes.toReversed()) {
    let left = [set];
    for (const one of taken) {
      left = left.flatMap((from) => subtract(from, one));
      if (left.length > MOST_SETS) return undefined;
    }
    taken = left;
  }
  return taken;
}
