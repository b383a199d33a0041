import { z } from "zod";
import { headerMatch } from "../policy/gateway.js";
import { duration, exactlyOneOf, headerName, headerValue, httpMethod, isIpAddress, name } from "../policy/values.js";
import { expectedSpans } from "./spans/expected.js";

/** The client that sends the request writes these itself. */
const NOT_OURS_TO_SEND = ["connection", "content-length", "host", "transfer-encoding"];

/** As the plan has it: a version that is not the active one is written behind a dot. */
const serviceName = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)?$/,
    "the name of a service, or of a version such as `orders.green`",
  );

const body = z.string().max(1_048_576);
const json = z.unknown();
const twoBodies = { path: ["json"], message: "give `body` or `json`, not both" };

function onlyOneBody(holder: { body?: string | undefined; json?: unknown }): boolean {
  return holder.body === undefined || holder.json === undefined;
}

/** An operation of a policy that converts, and names of faults: names of XML. */
const operation = z.string().min(1).max(256);

const operationAnswer = z
  .strictObject({
    response: json.optional().describe("What clients get of it: a value that fits the operation."),
    fault: z
      .record(operation, json)
      .refine((fault) => Object.keys(fault).length === 1, "a fault has one name, and its detail under it")
      .optional()
      .describe("A declared fault, by its name, with its detail."),
  })
  .refine((answer) => Object.keys(answer).length === 1, "give `response` or `fault`, one of them")
  .describe("What the service answers to an operation.")
  .meta({ ...exactlyOneOf("response", "fault"), examples: [{ response: { id: 7, name: "Acme" } }] });

const keyAnswer = z
  .strictObject({
    keys: z
      .array(z.record(z.string(), json))
      .max(63)
      .default([])
      .describe("JSON Web Keys that it publishes, beside the one that the runner signs tokens with."),
    status: z
      .int()
      .min(200)
      .max(599)
      .refine((status) => status !== 204 && status !== 304, "an answer with this status has no body")
      .default(200)
      .describe("Status code of that answer; any other than 200 is a failure."),
  })
  .describe(
    "What the service answers where a policy fetches the keys of tokens; without this the runner's own key alone.",
  )
  .meta({ examples: [{ status: 503 }] });

const upstream = z
  .strictObject({
    status: z.int().min(200).max(599).default(200).describe("Status code of its answers."),
    headers: z
      .record(headerName, headerValue.describe("Value of the header."))
      .default({})
      .describe("Headers of its answers."),
    body: body.optional().describe("Body of its answers, as a text."),
    json: json.optional().describe("Body of its answers, sent as JSON with its content type."),
    soap: z
      .record(operation, operationAnswer)
      .optional()
      .describe(
        "Answers by operation, of a service that is asked by a policy which converts. Other requests get what else is said here.",
      )
      .meta({ examples: [{ GetPartner: { response: { id: 7, name: "Acme" } } }] }),
    tokens: z
      .record(
        z.string().regex(/^[!-~]{1,4096}$/, "a token is visible ASCII"),
        z.record(z.string(), json).describe("Members of the answer; `active` is true unless it says otherwise."),
      )
      .optional()
      .describe(
        "Answers by token, of a service that is asked by `introspect` what tokens are. Any other token is not active, but for those that `as` signs requests in by.",
      )
      .meta({ examples: [{ "opaque-1": { sub: "alice", scope: "orders:read" } }] }),
    jwks: keyAnswer.optional(),
  })
  .refine(onlyOneBody, twoBodies)
  .describe("What a service answers in this test, in place of the real one.");

const upstreams = z.record(serviceName, upstream).default({});

const sentHeader = headerValue.describe("Value of the header.");

const request = z
  .strictObject({
    method: httpMethod.default("GET").describe("Method of the request."),
    path: z
      .string()
      .max(8192)
      .regex(/^\/[\x21-\x7e]*$/, "a path starts with `/` and is written as it is sent: spaces as %20")
      .describe("Path of the request, with its query if it has one, sent as it is written here.")
      .meta({ examples: ["/orders/7", "/orders?state=open"] }),
    host: z
      .string()
      .regex(/^[\x21-\x7e]{1,255}$/, "a host as it is sent: a name or an address, and a port if there is one")
      .default("localhost")
      .describe("Host that is asked for.")
      .meta({ examples: ["api.example.com"] }),
    scheme: z
      .enum(["http", "https"])
      .optional()
      .describe(
        "Scheme of the connection, as `request.scheme` sees it; https if absent and the listener has `tls`, else http.",
      ),
    headers: z
      .record(
        headerName
          .refine(
            (header) => !NOT_OURS_TO_SEND.includes(header),
            "this header is written by the client that sends the request; the host is given by `host`",
          )
          .meta({ not: { enum: NOT_OURS_TO_SEND } }),
        z
          .union([sentHeader, z.array(sentHeader).min(1).max(64)])
          .describe("Value of the header, or a list of values: one line each."),
      )
      .default({})
      .describe("Headers of the request.")
      .meta({ examples: [{ "content-type": "application/json" }] }),
    query: z
      .record(
        z.string().min(1).max(1024),
        z
          .union([z.string().max(8192), z.array(z.string().max(8192)).min(1).max(64)])
          .describe("Value of the parameter, or a list of values."),
      )
      .default({})
      .describe("Query parameters, percent-encoded by the runner and put behind those of `path`.")
      .meta({ examples: [{ state: "open" }] }),
    body: body.optional().describe("Body of the request, as a text."),
    json: json.optional().describe("Body of the request, sent as JSON with its content type."),
    source: z
      .string()
      .refine(isIpAddress, "an IP address, such as 192.0.2.7 or 2001:db8::7")
      .optional()
      .describe("Address that the request comes from, as `source.ip` sees it.")
      .meta({ examples: ["192.0.2.7"] }),
    token: z
      .record(z.string().min(1), z.json().describe("Value of the claim."))
      .optional()
      .describe(
        "Claims of a JSON Web Token by the runner's own key, which the client sends instead of the credential of `as`. `iss`, `aud` and `exp` are such that the policy takes it, unless they are here; `null` leaves one out.",
      )
      .meta({ examples: [{ sub: "alice", scope: "orders:read" }] }),
    certificate: z
      .strictObject({
        san: z
          .array(
            z
              .string()
              .max(255)
              .regex(/^[!-+\x2d-~]+$/, "a name in a certificate: visible ASCII without comma")
              .describe("A URI, or a DNS name."),
          )
          .max(16)
          .describe("Names in it."),
      })
      .optional()
      .describe(
        "Certificate that the client shows, signed by whom the listener trusts; it is looked at where the listener has `clientCertificate`.",
      )
      .meta({ examples: [{ san: ["spiffe://shop.example/orders"] }] }),
  })
  .refine(onlyOneBody, twoBodies)
  .describe("A request to the gateway.");

const headersMatched = z.record(headerName, headerMatch);

const forwarded = z
  .strictObject({
    service: serviceName.describe(
      "Name of the service that gets the request; of another than its active version, `orders.green`.",
    ),
    method: httpMethod.optional().describe("Method that the service sees."),
    path: z
      .string()
      .max(8192)
      .optional()
      .describe("Path and query that the service sees: a text, or `~regex` for the whole of it."),
    headers: headersMatched
      .optional()
      .describe("Headers that the service sees.")
      .meta({ examples: [{ "x-consumer": "acme" }] }),
    body: body.optional().describe("Body that the service sees: a text, or `~regex` for the whole of it."),
    operation: operation
      .optional()
      .describe("Operation that the service is asked for, where a policy converts the request.")
      .meta({ examples: ["GetPartner"] }),
    input: json
      .optional()
      .describe("What that operation gets, as JSON: members and items that are not written here are not looked at.")
      .meta({ examples: [{ id: 7 }] }),
  })
  .describe("Which service gets the request, and what it sees.");

/** Members of a problem document (RFC 9457 section 3.1); it may have others. */
const problem = z
  .object({
    type: z.string().optional().describe("A URI of the kind of problem, or about:blank."),
    title: z.string().optional().describe("The kind of problem in words."),
    status: z.int().optional().describe("The status code once more."),
    detail: z.string().optional().describe("What happened this time."),
    instance: z.string().optional().describe("A URI of this occurrence."),
  })
  .catchall(z.unknown())
  .describe("Members that the body has, which is a problem document (RFC 9457); others are not looked at.")
  .meta({ examples: [{ title: "Forbidden" }] });

/** What a policy counts that judges requests. */
export const OUTCOMES = ["allowed", "denied", "error", "shadow"] as const;
/** What one counts that traces them. */
export const TRACED = ["sampled", "kept", "capped", "exported", "dropped", "restarted"] as const;
const COUNTED = [...OUTCOMES, ...TRACED];
const COUNTER = new RegExp(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.(${COUNTED.join("|")})$`);

function quoted(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(", ");
}

/** How a policy and perhaps one of its rules is named. */
const verdict = z
  .string()
  .regex(/^[a-z0-9-]{1,63}(\/[a-z0-9-]{1,63})?$/, "a policy, or a policy and its rule: `policy/rule`");

const expectation = z
  .strictObject({
    status: z.int().min(200).max(599).optional().describe("Status code of the answer."),
    headers: headersMatched
      .optional()
      .describe("Headers of the answer; those that are not named are not looked at.")
      .meta({ examples: [{ "www-authenticate": "~ApiKey .*", "x-api-key": false }] }),
    body: body.optional().describe("Body of the answer: a text, or `~regex` for the whole of it."),
    json: json
      .optional()
      .describe("What the JSON of the body holds: members and items that are not written here are not looked at."),
    problem: problem.optional(),
    decidedBy: verdict
      .optional()
      .describe("The policy that decided, or `policy/rule`; a policy alone stands for each of its rules too.")
      .meta({ examples: ["partners-only", "orders-access/readers"] }),
    shadow: verdict
      .optional()
      .describe(
        "The first policy with `mode: shadow` that would have refused the request, or `policy/rule`; `none`: none of them would.",
      )
      .meta({ examples: ["none", "new-limit", "writers/free-tier"] }),
    upstream: z
      .union([serviceName, forwarded])
      .optional()
      .describe("The service that gets the request, also with what it sees; `none`: no service hears of it.")
      .meta({ examples: ["none", "orders", { service: "orders", headers: { "x-consumer": "acme" } }] }),
    metrics: z
      .record(
        z.string().regex(COUNTER, `a policy and what it counts: \`policy.${COUNTED.join("`, `policy.")}\``),
        z.int().min(0).describe("By how much the counter grows, all repetitions together."),
      )
      .optional()
      .describe(
        `Counters of policies, and by how much each grows: \`policy.\` and what it counts, ${quoted(OUTCOMES)}; of one that traces, ${quoted(TRACED)}.`,
      )
      .meta({ examples: [{ "partners-only.denied": 1 }] }),
    spans: expectedSpans.optional(),
  })
  .describe("What must come of the request. What is not written here is not looked at.");

const CONSUMER = "Consumer that signs the request: the runner gives it a credential of its own for the test.";

const exchange = {
  request: request.optional(),
  repeat: z.int().min(1).max(10_000).default(1).describe("How many times the request is sent, one after another."),
  expect: expectation.optional(),
};

const step = z
  .strictObject({
    as: name.optional().describe(`${CONSUMER} In place of the one of the case.`),
    ...exchange,
    wait: duration
      .refine((milliseconds) => milliseconds > 0, "a wait of 0 does nothing")
      .optional()
      .describe("How long nothing happens. Time is virtual: a day takes no longer than a second."),
  })
  .describe("One thing after another: a request or a wait.")
  .meta(exactlyOneOf("request", "wait"));

const oneCase = z
  .strictObject({
    name: z
      .string()
      .max(200)
      .regex(/^\S(.*\S)?$/, "a name is one line of text, without spaces around it")
      .describe("What the case shows, as a sentence; no two cases have the same.")
      .meta({ examples: ["a stranger is turned away"] }),
    description: z.string().max(4096).optional().describe("Free text for people."),
    as: name.optional().describe(CONSUMER),
    listener: name
      .optional()
      .describe("Listener that the requests come to; the first of the policy file if absent.")
      .meta({ examples: ["outbound"] }),
    engine: z
      .enum(["embedded", "envoy"])
      .optional()
      .describe(
        "Where the case runs, if it cannot run in both: `embedded` has virtual time, `envoy` is the real Envoy, with time-outs and connections.",
      ),
    upstreams: upstreams.describe(
      "What services answer in this case, in place of what the file says; operations that are not here are answered as there.",
    ),
    ...exchange,
    steps: z.array(step).min(1).max(256).optional().describe("Requests and waits, in their order."),
  })
  .describe("One thing that the policy promises: a request or steps, and what must come of them.")
  .meta(exactlyOneOf("request", "steps"));

/** The schema of a test file: what a policy promises, as requests and what must come of them. */
export const suiteSchema = z.strictObject({
  apiVersion: z.literal("sluice/v1").describe("Version of the language."),
  kind: z.literal("Test").describe("What the file is: tests of one policy file."),
  description: z.string().max(4096).optional().describe("Free text for people."),
  policy: z
    .string()
    .max(4096)
    .regex(/^[^/\\][^\\]*$/, "a path from the folder of the test file, with `/` between its parts")
    .describe("The policy file, by its path from the folder of the test file.")
    .meta({ examples: ["policy.yaml", "../policy.yaml"] }),
  upstreams: upstreams.describe(
    "What the services answer, by their names; a service that is not here answers 200 without a body.",
  ),
  cases: z.array(oneCase).min(1).max(1_000).describe("What the policy promises, case by case; each starts anew."),
});

export type Suite = z.output<typeof suiteSchema>;
export type Case = Suite["cases"][number];
export type Step = NonNullable<Case["steps"]>[number];
export type Request = z.output<typeof request>;
export type Expectation = z.output<typeof expectation>;
export type Upstreams = Suite["upstreams"];
export type KeyAnswer = z.output<typeof keyAnswer>;
export type OperationAnswer = z.output<typeof operationAnswer>;
