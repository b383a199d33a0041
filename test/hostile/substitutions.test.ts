import * as fc from "fast-check";
import { load } from "js-yaml";
import { expect, it } from "vitest";
import { checkText } from "../../compiler/index.js";
import { emitEnvoy } from "../../compiler/targets/envoy/emit.js";
import { DEFAULT_OPTIONS } from "../../compiler/targets/envoy/options.js";
import { PLACES } from "./substitutions.js";

const RUNS = Number(process.env.SLUICE_FUZZ_RUNS ?? 300);

/** In every text, so that it is found in what is emitted. */
const MARK = "zqx";

const pieces = [
  ...[
    "%REQ(x-api-key)%",
    "%ENVIRONMENT(HOME)%",
    "%FILTER_STATE(wasm.sluice.consumer:PLAIN)%",
    "%%",
    "%",
    "%%%",
    "%START_TIME",
    ")%",
  ],
  ...[
    "{{",
    "}}",
    "{{.X}}",
    "{",
    "}",
    "\u0024{HOME}",
    "$1",
    "\\1",
    "a",
    "-",
    "/",
    ".",
    ":",
    " ",
    '"',
    "'",
    "#",
    "&",
    "*",
    "!",
    "|",
    ">",
    "?",
    "\n",
    "ä",
  ],
];

const texts = fc
  .tuple(fc.array(fc.constantFrom(...pieces), { maxLength: 6 }), fc.array(fc.constantFrom(...pieces), { maxLength: 6 }))
  .map(([before, after]) => `${before.join("")}${MARK}${after.join("")}`)
  .filter((text) => /[%{}$]/.test(text));

/** Every text of a document that holds the mark, with the keys that lead to it; indexes of lists are left out. */
function marked(value: unknown, path: readonly string[] = []): { path: string; text: string }[] {
  if (typeof value === "string") return value.includes(MARK) ? [{ path: path.join("."), text: value }] : [];
  if (Array.isArray(value)) return value.flatMap((item) => marked(item, path));
  if (typeof value !== "object" || value === null) return [];
  const keys = Object.keys(value).flatMap((key) =>
    key.includes(MARK) ? [{ path: [...path, "a key"].join("."), text: key }] : [],
  );
  return [...keys, ...Object.entries(value).flatMap(([key, member]) => marked(member, [...path, key]))];
}

/** Where Envoy fills in `%NAME(...)%`. */
const FORMATTED = /\.(request|response)_headers_to_add\.header\.value$/;

/** Where it takes every character as it is, or as one of a regular expression. */
const LITERAL = [
  /\.direct_response\.body\.inline_string$/,
  /\.redirect\.(path_redirect|host_redirect)$/,
  /\.match\.(path|path_separated_prefix|prefix|safe_regex\.regex)$/,
  /\.match\.headers\.string_match\.(exact|safe_regex\.regex)$/,
  /\.typed_config\.config\.configuration\.value$/,
];

/** What comes of a format (Envoy's documents, "Access logging", command operators): `%%` is one sign, and any other begins a command. */
function formatted(format: string): { text: string; commands: number } {
  const commands = format.replaceAll("%%", "").split("%").length - 1;
  return { text: format.replaceAll("%%", "%"), commands };
}

it(`no text of a policy becomes an Envoy substitution, ${RUNS} times`, () => {
  const reached = new Set<string>();
  fc.assert(
    fc.property(texts, fc.constantFrom(...PLACES), (text, [where, write]) => {
      const { plan } = checkText("policy.yaml", write(JSON.stringify(text)));
      if (plan === undefined) return;
      const { artifacts, violations } = emitEnvoy(plan, { ...DEFAULT_OPTIONS, accessLog: "-" });
      expect(violations).toEqual([]);
      for (const found of artifacts.flatMap(({ contents }) => marked(load(contents)))) {
        reached.add(where);
        if (FORMATTED.test(found.path)) expect(formatted(found.text)).toEqual({ text, commands: 0 });
        else
          expect(
            LITERAL.some((form) => form.test(found.path)),
            `${where} is emitted at ${found.path}`,
          ).toBe(true);
      }
    }),
    { numRuns: RUNS },
  );
  // What this is about did happen: an accepted text of each of these places was found in what is emitted.
  for (const where of ["a body", "the value of a header of an answer", "the value of a header"])
    expect([...reached]).toContain(where);
});
