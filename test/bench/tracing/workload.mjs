import { consumers, PATHS, policyText, requestBytes } from "../workload.mjs";

/*
 * The policy of the other sets, traced. Clients of `propagate` bring the context of a trace that nobody samples, those of
 * `sample` bring none, so that the proxy decides.
 */

export const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

export const SETS = {
  propagate: "The context passed on, nothing sampled",
  sample: "10 % of the traces sampled and exported",
};

/** More than any run samples, so that the cap never counts. */
const MOST_PER_SECOND = 100_000;

/** @param {string | undefined} tracing the body of a `tracing` policy for every route; without one nothing is traced */
export function tracedPolicyText(tracing) {
  const text = policyText();
  if (tracing === undefined) return text;
  return text
    .replace("services:\n", "services:\n  collector: { endpoints: [127.0.0.1:10002] }\n")
    .replace("policies:\n", `policies:\n  trace:\n    tracing: ${tracing}\n`)
    .replaceAll("apply: [", "apply: [trace, ");
}

export const TRACING = {
  propagate: {
    w3c: "{ propagate: [w3c] }",
    b3multi: "{ propagate: [b3multi] }",
  },
  sample: {
    otlp: `{ propagate: [w3c], sample: { ratio: 10%, perSecond: ${MOST_PER_SECOND} }, export: { otlp: collector } }`,
    zipkin: `{ propagate: [b3multi], sample: { ratio: 10%, perSecond: ${MOST_PER_SECOND} }, export: { zipkin: collector } }`,
  },
};

const CONTEXTS = {
  w3c: [["traceparent", `00-${TRACE}-${SPAN}-00`]],
  b3: [
    ["x-b3-traceid", TRACE],
    ["x-b3-spanid", SPAN],
    ["x-b3-sampled", "0"],
  ],
};

/** Fields of a client that brings the context of a trace. */
export function contextOf(form) {
  return CONTEXTS[form];
}

/**
 * One request of each caller.
 *
 * @param {keyof typeof SETS} set
 * @param {"w3c" | "b3"} form in which the context comes
 * @param {string} path
 */
export function tracedRequests(set, form, path = PATHS.forward) {
  const more = set === "propagate" ? contextOf(form) : [];
  return consumers.map(({ key }) => requestBytes({ path, key, more, without: ["traceparent"] }).toString("latin1"));
}
