import type { Section } from "./entry.js";

/** SL0476 to SL0485: policies that count. */
export const limits = {
  SL0476: {
    severity: "error",
    message: "a call costs {cost}, and with {rate} at most {burst} may be spent at once: no call would ever pass",
    help: `A call passes when all that it costs is left, and never more is left than the burst: the count, unless \`burst\` says otherwise. Of several
rates the smallest burst holds.

    reports: { rateLimit: { rate: 5/minute, cost: 10 } }                # SL0476
    reports: { rateLimit: { rate: 5/minute burst 10, cost: 10 } }       # one call at once, and then one in two minutes`,
  },
  SL0477: {
    severity: "warning",
    message: "{rate} never refuses a call here: {tighter} refuses it earlier",
    help: `Of several rates of a policy all hold. One that lets more pass at once and more over time than another has nothing to add.

    per-partner: { rateLimit: { key: [auth.consumer], rate: [10/second, 1000000/day] } }     # SL0477: a day has 864000 at most
    per-partner: { rateLimit: { key: [auth.consumer], rate: [10/second, 100000/day] } }`,
  },
  SL0478: {
    severity: "error",
    message: "{rate} is a second rate of the same period",
    help: `Clients are told of each rate of a policy by its period, as in \`"per-partner/86400s";q=1000;w=86400\`, so no two of them have the same. A burst
and a rate that last differ in their periods too, if the first is written over a short one.

    per-partner: { rateLimit: { key: [auth.consumer], rate: [100/second, 50/second burst 500] } }    # SL0478
    per-partner: { rateLimit: { key: [auth.consumer], rate: [100/second, 3000/minute burst 500] } }`,
  },
  SL0479: {
    severity: "warning",
    message:
      "`{policy}` is shared by its routes, and counts each of them alone: the name of the route is part of its key",
    help: `\`shared: true\` makes one count of all routes that apply the policy, and \`route.name\` in the key makes one of each again.

    per-partner: { rateLimit: { key: [auth.consumer, route.name], rate: 100/minute, shared: true } }     # SL0479
    per-partner: { rateLimit: { key: [auth.consumer], rate: 100/minute, shared: true } }

Leave out one of the two.`,
  },
  SL0480: {
    severity: "warning",
    message: "the jitter of `{policy}` does nothing: it tells nobody when to come again",
    help: `\`jitter\` makes the value of \`Retry-After\` longer by chance, and \`headers\` does not name that.

    per-partner: { rateLimit: { rate: 100/minute, headers: [ietf], jitter: 10s } }                  # SL0480
    per-partner: { rateLimit: { rate: 100/minute, headers: [ietf, retry-after], jitter: 10s } }`,
  },
  SL0481: {
    severity: "error",
    message: "`{policy}` limits nothing: it needs `rate`, `inFlight`, or both",
    help: `\`rate\` is how many calls may come in a time, \`inFlight\` how many may be under way at once.

    per-partner: { rateLimit: { key: [auth.consumer] } }                                      # SL0481
    per-partner: { rateLimit: { key: [auth.consumer], rate: 100/minute, inFlight: 10 } }`,
  },
  SL0482: {
    severity: "warning",
    message: "`{key}` of `{policy}` does nothing without a `rate`",
    help: `A call in flight is one, whatever it costs, and one that is refused is not in flight.

    reports: { rateLimit: { inFlight: 2, cost: 10 } }                        # SL0482
    reports: { rateLimit: { inFlight: 2, rate: 100/hour, cost: 10 } }`,
  },
  SL0483: {
    severity: "error",
    message: "`{attribute}` is not known when an answer begins",
    help: `\`cost.response\` is charged when the headers of an answer are there. How long it takes nobody knows then, and of its request nothing was kept: what the
request says belongs into \`cost.request\`.

    reports: { rateLimit: { rate: 100/minute, cost: { response: 'request.method == "GET" ? 1 : 5' } } }             # SL0483
    reports: { rateLimit: { rate: 100/minute, cost: { request: 'request.method == "GET" ? 1 : 5', response: 'int(response.headers["x-rows"])' } } }`,
  },
} as const satisfies Section<"04">;
