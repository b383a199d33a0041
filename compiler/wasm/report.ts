import { visible, visibleJson } from "../diagnostics/render/visible.js";
import { inMib, type ModuleFacts } from "./verify.js";

/** What became of one file that was verified. */
export interface FileVerdict {
  /** As the user named it. */
  readonly path: string;
  /** Absent if there is no file. */
  readonly found?: { readonly sha256: string; readonly size: number };
  /** Of an image: the module in it, if it is named, and how the fetchers of a cluster read it. */
  readonly image?: { readonly title?: string; readonly format: string };
  /** Of a bill of materials in an image of its own: the digest of the image that it is about. */
  readonly subject?: string;
  /** Of a module. */
  readonly facts?: ModuleFacts;
  /** The digest that it must have, and the file that says so. */
  readonly pin?: { readonly sha256: string; readonly from: string };
  /** Each a part of a sentence about the file; none if it is as it must be. */
  readonly faults: readonly string[];
}

/** For people: a line for each file, and below it what is wrong with it. */
export function renderVerdicts(verdicts: readonly FileVerdict[]): string {
  const wrong = verdicts.filter(({ faults }) => faults.length > 0).length;
  const lines = verdicts.flatMap(({ path, found, image, subject, facts, pin, faults }) => [
    `${path}: ${faults.length === 0 ? "ok" : "WRONG"}${found === undefined ? "" : `, sha256:${found.sha256}`}`,
    ...(image === undefined ? [] : [`  image with ${image.title ?? "a module"}, ${image.format}`]),
    ...(subject === undefined ? [] : [`  belongs to ${subject}`]),
    ...(facts === undefined || facts.abi.length === 0 ? [] : [`  ${inWords(facts)}`]),
    ...(pin === undefined || faults.length > 0 ? [] : [`  the digest is that of ${pin.from}`]),
    ...faults.map((fault) => `  ${shortened(fault)}`),
  ]);
  const files = `${verdicts.length} ${verdicts.length === 1 ? "file" : "files"}`;
  return `${[...lines, `${files}, ${wrong === 0 ? "none" : wrong} wrong`].map(visible).join("\n")}\n`;
}

/** The names in a module may be as long as it is, and as many. */
const LONGEST_FAULT = 2_000;

function shortened(fault: string): string {
  return fault.length <= LONGEST_FAULT ? fault : `${fault.slice(0, LONGEST_FAULT)}…`;
}

function inWords({ abi, imports, exports, memories, size }: ModuleFacts): string {
  const [memory] = memories;
  const most = memory?.most === undefined ? "without a bound" : `of at most ${inMib(memory.most)}`;
  return `${size} bytes, ABI ${abi.join(" and ")}, ${imports.length} imports, ${exports.length} exports, memory ${most}`;
}

/**
 * For machines: `ok` and `files`, each with `path`, `sha256` and `size` if it is there, `abi`, `imports`, `exports` and
 * `memories` (pages of 64 KiB) if it is a module, `image` if it is the image of one, `subject` if it is about an image, `pin` and `faults`.
 */
export function renderVerdictsJson(verdicts: readonly FileVerdict[]): string {
  const files = verdicts.map(({ path, found, image, subject, facts, pin, faults }) => ({
    path,
    ...(found === undefined ? {} : { sha256: found.sha256, size: found.size }),
    ...(image === undefined ? {} : { image: { ...image, ...(facts === undefined ? {} : { sha256: facts.sha256 }) } }),
    ...(subject === undefined ? {} : { subject }),
    ...(facts === undefined
      ? {}
      : { abi: facts.abi, imports: facts.imports, exports: facts.exports, memories: facts.memories }),
    ...(pin === undefined ? {} : { pin }),
    faults,
  }));
  const ok = verdicts.every(({ faults }) => faults.length === 0);
  return `${visibleJson({ ok, files })}\n`;
}
