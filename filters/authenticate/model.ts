import type { Reason, RequestView, Verdict } from "../../compiler/request/verdict.js";

/** The longest key that the module looks up, in bytes. */
const LONGEST_KEY = 4096;

/** What an authenticate policy says of a request: `assembly/authenticate.ts` in words. Never shows a credential. */
export function modelOf(headers: readonly string[], optional: boolean): (view: RequestView) => Verdict {
  return (view) => {
    if (view.assumed !== undefined) return signedIn(view.assumed, "taken as signed in (--as)", []);
    const present = headers.filter((header) => view.header(header).length > 0);
    const reasons = headers.map((header): Reason => ({ text: `header ${header} is ${presence(view.header(header))}` }));
    const [header, second] = present;
    if (second !== undefined)
      return denied("several-credentials", `credentials in ${present.join(" and ")}; one is allowed`, reasons);
    if (header === undefined)
      return optional
        ? {
            outcome: "allowed",
            decision: " allowed anonymous",
            summary: "no credential; passes as anonymous (optional)",
            reasons,
          }
        : denied("no-credential", `no credential; one is needed in ${headers.join(" or ")}`, reasons);
    return ofCredential(header, view, reasons);
  };
}

function ofCredential(header: string, view: RequestView, reasons: Reason[]): Verdict {
  const [key = "", ...more] = view.header(header);
  if (more.length > 0) return denied("duplicate-credential", `header ${header} was sent twice`, reasons);
  if (key === "" || Buffer.byteLength(key) > LONGEST_KEY)
    return denied("malformed-credential", `the key in ${header} is empty or too long`, reasons);
  // Proxies join repeated headers with commas (RFC 9110, section 5.3).
  if (key.includes(","))
    return denied("duplicate-credential", `the key in ${header} has a comma, as joined headers have`, reasons);
  const presenter = view.presenter(key);
  switch (presenter.known) {
    case "yes":
      return signedIn(presenter.consumer, `the key in ${header} is that of ${presenter.consumer.name}`, reasons);
    case "no":
      return denied("unknown-credential", `the key in ${header} is nobody's`, reasons);
    case "maybe":
      return {
        outcome: "open",
        decision: " denied unknown-credential",
        summary: `whose key is in ${header} cannot be told, as ${unset(presenter.variables)} not set here; set what is missing, or name the caller with --as`,
        status: 401,
        reasons,
      };
  }
}

function unset(variables: readonly string[]): string {
  return `${variables.join(", ")} ${variables.length === 1 ? "is" : "are"}`;
}

function presence(values: readonly string[]): string {
  if (values.length === 0) return "absent";
  return values.length === 1 ? "there" : `there ${values.length} times`;
}

function denied(reason: string, summary: string, reasons: Reason[]): Verdict {
  return { outcome: "denied", decision: ` denied ${reason}`, summary, status: 401, reasons };
}

function signedIn(consumer: NonNullable<RequestView["assumed"]>, how: string, reasons: Reason[]): Verdict {
  const facts = [
    ...(consumer.tier === undefined ? [] : [`tier ${consumer.tier}`]),
    ...(consumer.groups.length === 0 ? [] : [`groups ${consumer.groups.join(", ")}`]),
  ];
  return {
    outcome: "allowed",
    decision: " allowed authenticated",
    summary: how,
    reasons: [...reasons, { text: `the caller is ${[consumer.name, ...facts].join("; ")}`, origin: consumer.origin }],
    caller: { consumer, method: "apiKey" },
    results: {
      consumer: consumer.name,
      ...(consumer.tier === undefined ? {} : { tier: consumer.tier }),
      ...(consumer.groups.length === 0 ? {} : { groups: consumer.groups.join(",") }),
    },
  };
}
