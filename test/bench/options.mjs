import { parseArgs } from "node:util";

/**
 * Options of a bench that measures in rounds. Ends the process with 3, as the commands of `sluice` do, if they make no sense.
 *
 * @param {readonly string[]} args
 * @param {object} own options beside those of all, as `parseArgs` has them
 * @param {(values: object) => object} read what they come to
 * @throws RangeError in `read` for what makes no sense
 */
export function roundOptions(args, own, read) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rounds: { type: "string", default: "12" },
        seconds: { type: "string", default: "1" },
        markdown: { type: "boolean", default: false },
        ...own,
      },
    });
    const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
    if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100) throw new RangeError("--rounds: 1 to 100");
    if (!(seconds >= 0.1 && seconds <= 10)) throw new RangeError("--seconds: 0.1 to 10");
    return { rounds, milliseconds: seconds * 1000, markdown: values.markdown, ...read(values) };
  } catch (error) {
    say(error.message);
    return process.exit(3);
  }
}

/** @throws RangeError if it is none of the parts */
export function partOf({ part }, parts) {
  if (part !== undefined && !parts.includes(part)) throw new RangeError(`--part: ${parts.join(", ")}`);
  return part;
}

/** @throws RangeError if one of those that are left out cannot be */
export function leftOut({ without }, canBe) {
  const names = without.split(",").filter((name) => name !== "");
  const needed = names.find((name) => !canBe(name));
  if (needed !== undefined) throw new RangeError(`--without: ${needed} is not one that can be left out`);
  return names;
}

/** What was measured so far stays, if what follows cannot be. */
export function print(text) {
  process.stdout.write(`${text}\n\n`);
}

export function say(text) {
  process.stderr.write(`bench: ${text}\n`);
}
