import type { Section } from "./entry.js";

/** SL05xx: expressions. */
export const expressions = {
  SL0501: {
    severity: "error",
    fix: "safe",
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
out. So there is no arithmetic, no map, no macro but \`has\`, no null and no number with a fraction.

\`\`\`
allow: '["GET", "HEAD"].exists(m, m == request.method)'
allow: 'request.method in ["GET", "HEAD"]'
\`\`\``,
  },
  SL0506: {
    severity: "error",
    fix: "suggested",
    message: "there is no attribute `{name}`{hint}",
    help: `An expression reads what is known of a request through attributes:

    request.method  request.path  request.host  request.scheme  request.protocol  request.id
    request.size    request.time  request.headers["name"]  request.query["name"]  request.cookies["name"]
    source.ip       source.port   route.name  route.params.name
    auth.consumer   auth.tier     auth.method  auth.groups  auth.subject  auth.issuer  auth.scopes

A string has to be in quotes:

\`\`\`
allow: 'request.method == GET'
allow: 'request.method == "GET"'
\`\`\``,
  },
  SL0507: {
    severity: "error",
    fix: "suggested",
    message: "there is no function `{name}`{hint}",
    help: `These are the functions. Those that are methods stand behind a value and a dot.

    a.startsWith(b)  a.endsWith(b)  a.contains(b)  a.matches("regular expression")  a.lowerAscii()
    size(a)  int(a)  string(a)  has(attribute)  cidr(a, "10.0.0.0/8")  duration("90s")
    timestamp("2026-01-31T12:00:00Z")

\`\`\`
allow: 'startsWith(request.path, "/public/")'
allow: 'request.path.startsWith("/public/")'
\`\`\``,
  },
  SL0508: {
    severity: "error",
    message: "{what} must be {expected}, but is {found}",
    help: `Types are checked when the policy is compiled, so that no expression can fail on a request. \`&&\`, \`||\` and
\`!\` take bools, \`startsWith\` and its like take strings, and \`in\` has a list on its right: of strings if there is a
string on its left, of ints if there is an int. \`int(a)\` reads a number from a string, \`string(a)\` writes one.

\`\`\`
allow: '!auth.tier'
allow: '!(auth.tier == "free")'
\`\`\``,
  },
  SL0509: {
    severity: "error",
    fix: "suggested",
    message: "`{operator}` cannot compare {left} with {right}",
    help: `Both sides of a comparison are of one type: two strings, ints, durations or timestamps, and for \`==\` and
\`!=\` also two bools. Nothing is converted by itself: a header is a string, and \`int(request.headers["x-version"])\` is
the number in it. Whether a list has a member is asked with \`in\`:

\`\`\`
allow: 'auth.groups == "partners"'
allow: '"partners" in auth.groups'
\`\`\``,
  },
  SL0510: {
    severity: "error",
    message: "the expression must give {expected}, but gives {found}",
    help: `A rule and a condition need a bool, the key of a limit a string, the tag of a span a string, an int or a bool. An attribute is not a condition by
itself; compare it with something:

\`\`\`
allow: 'auth.tier'
allow: 'auth.tier == "gold"'
\`\`\``,
  },
  SL0511: {
    severity: "error",
    fix: "safe",
    message: "the name of a {what} must be a string literal, such as {example}",
    help: `Which values an expression reads by name is settled when the policy is compiled, so the name cannot be
computed. It stands in brackets, as most names have a dash, which CEL would read as a minus.

\`\`\`
allow: 'request.headers.accept == "text/xml"'
allow: 'request.headers["accept"] == "text/xml"'
\`\`\`

Whether there is one at all is asked by \`has(request.headers["accept"])\` or \`"accept" in request.headers\`.`,
  },
  SL0512: {
    severity: "error",
    fix: "either",
    message: "`{name}` cannot be the name of a {what}: {reason}",
    help: `Names have up to 64 characters. That of a header is of letters, digits, \`-\`, \`_\` and \`.\`, and its letter case
does not matter. \`host\` and the names that begin with a colon are no headers inside Envoy; what they say is in
\`request.host\`, \`request.method\`, \`request.path\` and \`request.scheme\`. The name of a query parameter is compared after
percent-decoding, that of a cookie as it was sent; both count letter case.`,
  },
  SL0513: {
    severity: "warning",
    message: "{what} is always {value}, whatever the request",
    help: `No request makes a difference to it, so it decides nothing. Often a string was compared with a string where an
attribute was meant, or something was asked that holds for all requests: that a path starts with \`/\`, or that there is a method.

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
    message: "`{name}` takes {expected} in its parentheses, found {found}",
    help: `A function was called with too few or too many values. \`a.startsWith(b)\` has one value in its parentheses,
\`a.lowerAscii()\` none.
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
  SL0520: {
    severity: "error",
    message: "`{name}` needs a string literal here, because the compiler reads it",
    help: `Regular expressions, blocks of addresses, durations and timestamps are checked and translated when the policy is
compiled. So they cannot come from the request.

\`\`\`
allow: 'request.path.matches(request.headers["x-pattern"])'
allow: 'request.path.matches("^/v[12]/")'
\`\`\``,
  },
  SL0521: {
    severity: "error",
    message: "`{attribute}` is known only after the answer",
    help: `This expression is evaluated when a request arrives, to decide what becomes of it. \`response.status\`,
\`response.headers\` and \`response.duration\` are there once the service has answered; only what looks at answers, such as
\`always\` of a \`tracing\` and \`when\` of an access log, can read them. Decide by what the request says.

    allow: 'response.status < 500'                                                                 # SL0521
    trace: { tracing: { always: 'response.status >= 500', export: { zipkin: collector } } }`,
  },
  SL0522: {
    severity: "error",
    fix: "suggested",
    message: "`{text}` is not a block of addresses: {reason}{hint}",
    help: `A block is a network address and the number of its leading bits that an address in it shares (RFC 4632,
section 3.1). Bits after those must be zero, else it is not clear which of the two was meant.

\`\`\`
allow: 'cidr(source.ip, "10.1.2.3/8")'
allow: 'cidr(source.ip, "10.0.0.0/8")'
\`\`\`

\`::ffff:10.0.0.1\` counts as the IPv4 address 10.0.0.1. A block of IPv6 holds no IPv4 address.`,
  },
  SL0523: {
    severity: "error",
    message: "the regular expression is not valid: {reason}",
    help: `Regular expressions have the syntax of RE2: no look-around and no references back, which need unbounded time. They
are found anywhere in the text; \`^\` and \`$\` bind them to its beginning and its end.

\`\`\`
allow: 'request.path.matches("^/(?!admin)")'
allow: '!request.path.startsWith("/admin")'
\`\`\`

In YAML single quotes, \`"\\\\d"\` or \`r"\\d"\` is the expression \`\\d\`.`,
  },
  SL0524: {
    severity: "error",
    message: "the regular expression is too large: {reason}",
    help: `A regular expression becomes an automaton that looks at each byte of a text once. It may have 4,096 states and
65,536 bytes; counted repetitions and classes of many characters (\`\\pL\`) multiply its states. What often helps: bind it to
the beginning with \`^\`, write \`+\` for a count, check a length by \`size\`.

\`\`\`
allow: 'request.headers["x-id"].matches("[a-z].{1,200}[0-9].{1,200}")'
allow: 'request.headers["x-id"].matches("^[a-z][a-z0-9]+$") && size(request.headers["x-id"]) <= 200'
\`\`\``,
  },
  SL0525: {
    severity: "error",
    message: "`{text}` is not a {type}; write {hint}",
    help: `A duration is numbers with units, \`90s\`, \`1h30m\`, \`1.5s\` or \`250ms\`, and comes to whole milliseconds. A timestamp
is written as in RFC 3339, with up to three digits after the second and an offset from UTC.

\`\`\`
deny: 'request.time > timestamp("2026-12-31")'
deny: 'request.time > timestamp("2026-12-31T00:00:00Z")'
\`\`\``,
  },
  SL0526: {
    severity: "error",
    message: "`{text}` has no value",
    help: `It is unknown for every request: an \`allow\` with it never holds, a \`deny\` always does. \`int\` reads a text of digits, with
a minus before them at most, within ±(2^53 - 1).

\`\`\`
allow: 'request.size < int("1k")'
allow: 'request.size < 1024'
\`\`\``,
  },
  SL0527: {
    severity: "error",
    message: "`{policy}` reads `{attribute}`, but {where} no `{capture}`",
    help: `\`route.params.id\` is the segment of the path that \`{id}\` stands for. On a route without it the value would be unknown for
every request. Name the segment in the path, or apply the policy to other routes.

    routes:
      - name: orders
        match: { path: "/orders/{id}" } # not /orders/*
        apply: [own-orders] # reads route.params.id`,
  },
  SL0528: {
    severity: "error",
    message: "both sides of `?:` must be of one type that is no list, but are {left} and {right}",
    help: `\`condition ? a : b\` has the value of \`a\` or of \`b\`, so both have the type of the whole: two bools, two strings or two
ints.

\`\`\`
allow: 'request.size < (auth.tier == "gold" ? 1000000 : "1000")'
allow: 'request.size < (auth.tier == "gold" ? 1000000 : 1000)'
\`\`\``,
  },
  SL0529: {
    severity: "warning",
    fix: "either",
    message: "`{attribute}` {never}: {reason}",
    help: `The comparison is false for every request, so an \`allow\` with it lets nobody in and a \`deny\` with it refuses nobody. Before an
expression is evaluated, Envoy and Sluice bring what a client sends into one form:

    request.host      lower case, no port
    request.path      starts with /, no query; dot segments resolved, slashes merged,
                      letters, digits, -, ., _ and ~ decoded
    request.protocol  HTTP/1.0, HTTP/1.1, HTTP/2 or HTTP/3
    source.ip         no port; IPv6 in lower case and in its shortest form

\`\`\`
deny: 'request.host == "Internal.example.com"'
deny: 'request.host == "internal.example.com"'
\`\`\`

Write the value as it comes. Other parts of a request have attributes of their own, such as \`request.query["page"]\`.`,
  },
  SL0530: {
    severity: "warning",
    fix: "safe",
    message: "`{text}` is not `{meant}`: letter case counts in `{attribute}`",
    help: `The method of a request is compared as it was sent (RFC 9110, section 9.1), and every client sends those of HTTP in capital letters; \`http\` and
\`https\` come in small letters. A rule with another spelling takes no usual request, and a \`deny\` like this protects nothing.

\`\`\`
deny: 'request.method == "delete"'
deny: 'request.method == "DELETE"'
\`\`\``,
  },
  SL0531: {
    severity: "warning",
    fix: "suggested",
    message: "this is true of every value of `{attribute}`, and unknown without one",
    help: `Every text begins with, ends with and contains the empty one, and an expression such as \`.*\` is found in all. So nothing is asked but whether
there is a value. \`has\` asks that plainly, and is false, not unknown, where there is none:

\`\`\`
allow: 'request.headers["x-tenant"].matches(".*")'
allow: 'has(request.headers["x-tenant"])'
\`\`\`

To bind an expression to the whole text, write \`^\` and \`$\` around it.`,
  },
  SL0532: {
    severity: "warning",
    secret: true,
    message: "`{attribute}` carries credentials, and one stands here for every reader of the file",
    help: `A key, password or token in a policy file is in every copy of it: in the repository, in the logs of builds, and in the configuration of Envoy.
Its holder has no name, no tier and no groups, and to withdraw it the policy has to change.

\`\`\`
allow: 'request.headers["x-api-key"] == "51a9bb3ee1c0"'
allow: 'auth.consumer == "acme"'
\`\`\`

Name the holder under \`consumers\`, with a reference to the key, and let an \`authenticate\` find out who calls:

    consumers:
      acme: { credentials: [{ apiKey: env:ACME_KEY }] }
    policies:
      known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }

Then replace the key: it has been seen.`,
  },
  SL0533: {
    severity: "error",
    message: "`{attribute}` tells of a request what it was, and decides nothing about it",
    help: `Which operation of a service a request is for, Envoy's routes find out for the module that converts it. Expressions that only tell of
requests can read it: \`tags\` and \`always\` of a \`tracing\`.

    allow: 'soap.operation == "GetPartner"'                       # SL0533
    allow: 'request.method == "GET" && route.name == "partners"'
    tags: { operation: soap.operation }`,
  },
} as const satisfies Section<"05">;
