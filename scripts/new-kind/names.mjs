/** Something that stops the script before it writes anything. */
export class Refusal extends Error {
  constructor(message, fix) {
    super(message);
    this.fix = fix;
  }
}

/** Words that mean something else where the name of a kind stands: in JavaScript, in the language, in the files that are made; AUTH is a constant of the modules. */
const TAKEN = new Set(
  `await break case catch class const continue debugger default delete do else enum export extends false finally for function
  if import in instanceof interface let new null package private protected public return static super switch this throw true try
  typeof var void while with yield abort arguments eval undefined
  name description mode when onError kind kinds policy policies modules counters denial needs shadow
  z defineKind header headerName inModule modelOf schema lib auth`.split(/\s+/),
);

/**
 * The forms of a name: `require-header`, `requireHeader`, `RequireHeader`, `REQUIRE_HEADER`; and `fill`, which puts them in the place of those of
 * `sample-kind`.
 */
export function namesOf(kebab) {
  if (!/^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$/.test(kebab) || kebab.length < 2 || kebab.length > 30)
    throw new Refusal(
      `\`${kebab}\` cannot be the name of a kind.`,
      "Write 2 to 30 lower-case letters and digits in words joined by `-`, each of which begins with a letter, such as require-header.",
    );
  const camel = kebab.replaceAll(/-(.)/g, (_, letter) => letter.toUpperCase());
  if (TAKEN.has(camel))
    throw new Refusal(`\`${camel}\` means something else already.`, "Choose another name, such as of two words.");
  const names = {
    kebab,
    camel,
    pascal: camel.charAt(0).toUpperCase() + camel.slice(1),
    define: kebab.toUpperCase().replaceAll("-", "_"),
  };
  const forms = { "sample-kind": kebab, sampleKind: camel, SampleKind: names.pascal, SAMPLE_KIND: names.define };
  return { ...names, fill: (text) => text.replaceAll(/sample-kind|[sS]ampleKind|SAMPLE_KIND/g, (form) => forms[form]) };
}
