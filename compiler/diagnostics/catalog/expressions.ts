import type { Section } from "./entry.js";

/** SL05xx: expressions. */
export const expressions = {
  SL0501: {
    severity: "error",
    message: "the expression is not valid: {reason}",
    help: `An expression is written in CEL, the Common Expression Language, and this one does not follow its grammar.
The mark stands where reading stopped.

\`\`\`
allow: 'request.method = "GET"'      # one = compares nothing
allow: 'request.method == "GET"'
\`\`\`

Strings are in straight quotes, \`&&\`, \`||\` and \`!\` stand for and, or and not. In YAML, put the whole expression
into single quotes and its strings into double quotes.`,
  },
  SL0502: {
    severity: "error",
    message: "the expression is empty",
    help: `Where an expression is expected, there is nothing but white space. Write a condition, such as
\`request.method == "GET"\`, or remove the key.`,
  },
  SL0503: {
    severity: "error",
    message:
      "the expression is too large: at most {length} characters, {nodes} names, values and operators, and {depth} levels of nesting",
    help: `The filters evaluate an expression for every request, so its size is bounded. A long chain of \`==\` and
\`||\` over one attribute is shorter as a membership: \`request.path in ["/a", "/b"]\`. A condition of many parts is
better read as several rules.`,
  },
  SL0504: {
    severity: "error",
    message: "{construct} is not part of the expression language",
    help: `Expressions are a subset of CEL: whatever could fail at run time, or cost an unknown amount of time, is left
out. So there is no arithmetic, no map, no macro, no null and no number with a fraction.

\`\`\`
allow: '["GET", "HEAD"].exists(m, m == request.method)'
allow: 'request.method in ["GET", "HEAD"]'
\`\`\``,
  },
  SL0505: {
    severity: "error",
    message: "{construct} is not built yet",
    help: `This belongs to the language, but this version of Sluice cannot compile it. It is refused, and not ignored, so
that a rule never means less than it says. Write the condition without it, or wait for a version that has it.`,
  },
  SL0506: {
    severity: "error",
    message: "there is no attribute `{name}`{hint}",
    help: `An expression reads what is known of a request through attributes: \`request.method\`, \`request.path\`,
\`request.host\`, \`request.scheme\`, \`request.headers["name"]\`, \`source.ip\`, \`route.name\`, \`auth.consumer\`,
\`auth.tier\`, \`auth.method\` and \`auth.groups\`. A string has to be in quotes:

\`\`\`
allow: 'request.method == GET'
allow: 'request.method == "GET"'
\`\`\``,
  },
  SL0507: {
    severity: "error",
    message: "there is no function `{name}`{hint}",
    help: `The functions of the language are methods of a value:

\`\`\`
allow: 'startsWith(request.path, "/public/")'
allow: 'request.path.startsWith("/public/")'
\`\`\``,
  },
  SL0508: {
    severity: "error",
    message: "{what} must be {expected}, but is {found}",
    help: `Types are checked when the policy is compiled, so that no expression can fail on a request. \`&&\`, \`||\` and
\`!\` take bools, \`startsWith\` takes strings, and \`in\` takes a string on its left and a list of strings on its right.

\`\`\`
allow: '!auth.tier'
allow: '!(auth.tier == "free")'
\`\`\``,
  },
  SL0509: {
    severity: "error",
    message: "`{operator}` cannot compare {left} with {right}",
    help: `Both sides of \`==\` and \`!=\` are of one type: two strings, two ints or two bools. Nothing is converted.
Whether a list has a member is asked with \`in\`:

\`\`\`
allow: 'auth.groups == "partners"'
allow: '"partners" in auth.groups'
\`\`\``,
  },
  SL0510: {
    severity: "error",
    message: "the expression must give {expected}, but gives {found}",
    help: `A rule and a condition need a bool, the key of a limit needs a string. An attribute is not a condition by
itself; compare it with something:

\`\`\`
allow: 'auth.tier'
allow: 'auth.tier == "gold"'
\`\`\``,
  },
  SL0511: {
    severity: "error",
    message: 'the name of a header must be a string literal in brackets, such as request.headers["x-tenant"]',
    help: `Which headers an expression reads is settled when the policy is compiled, so the name cannot be computed. Most
names have a dash, which CEL would read as a minus; hence the brackets.

\`\`\`
allow: 'request.headers.accept == "text/xml"'
allow: 'request.headers["accept"] == "text/xml"'
\`\`\``,
  },
  SL0512: {
    severity: "error",
    message: "`{name}` cannot be the name of a header: {reason}",
    help: `The name of a header has up to 64 letters, digits, \`-\`, \`_\` and \`.\`. Letter case does not matter. \`host\` and
the names that begin with a colon are no headers inside Envoy; what they say is in \`request.host\`, \`request.method\`,
\`request.path\` and \`request.scheme\`.`,
  },
  SL0513: {
    severity: "warning",
    message: "{what} is always {value}, whatever the request",
    help: `No attribute has a say in it, so it decides nothing. Often a string was compared with a string where an
attribute was meant:

\`\`\`
allow: '"request.method" == "GET"'
allow: 'request.method == "GET"'
\`\`\`

If it is meant so, \`otherwise: allow\` or \`otherwise: deny\` says the same plainly, or the rule can go.`,
  },
  SL0514: {
    severity: "warning",
    message: "{what} is never true, whatever the request",
    help: `Its parts contradict each other: it is false, or unknown where an attribute is missing. One attribute cannot
have two values at once; \`&&\` was written where \`||\` or \`in\` was meant.

\`\`\`
allow: 'request.method == "GET" && request.method == "HEAD"'
allow: 'request.method in ["GET", "HEAD"]'
\`\`\``,
  },
  SL0515: {
    severity: "error",
    message: "a key is a single attribute, such as auth.consumer",
    help: `Calls are counted by the value of an attribute. To count by several of them together, list them:

\`\`\`
key: ['auth.consumer == "acme"']
key: [auth.consumer, request.method]
\`\`\``,
  },
  SL0516: {
    severity: "error",
    message: "`{name}` takes {expected} in its parentheses, but there are {found}",
    help: `A function was called with too few or too many values. \`a.startsWith(b)\` has one value in its parentheses.
To try several, join the calls: \`request.path.startsWith("/a/") || request.path.startsWith("/b/")\`.`,
  },
  SL0517: {
    severity: "error",
    message: "`{name}` is not a value by itself; {hint}",
    help: `The word stands for a group of attributes, and an expression reads them one by one:
\`request.headers["x-tenant"]\`, \`request.method\`, \`auth.consumer\`.`,
  },
  SL0518: {
    severity: "error",
    message: "the number {number} is out of range: at most 9007199254740991 either side of zero",
    help: `Whole numbers go from -(2^53 - 1) to 2^53 - 1, the range that every reader of JSON agrees on (RFC 8259,
section 6). The configuration of the filters is JSON.`,
  },
  SL0519: {
    severity: "error",
    message: "the string has half of a surrogate pair, which is no character",
    help: `Text goes to the filters as UTF-8, which has no code for half of a UTF-16 pair (RFC 3629, section 3). Write the
character itself, or an escape such as \`\\U0001F600\`.`,
  },
} as const satisfies Section<"05">;
