import type { Caller, Reason, RequestView, Verdict } from "../../compiler/request/verdict.js";
import type { MethodPlan } from "./methods/method.js";

/** What an authenticate policy says of a request: `assembly/authenticate.ts` in words. Never shows a credential. */
export function modelOf(methods: readonly MethodPlan[], optional: boolean): (view: RequestView) => Verdict {
  const sharesBearer = methods.filter(({ scheme }) => scheme === "Bearer").length > 1;
  return (view) => {
    const { assumed } = view;
    if (assumed !== undefined)
      return signedIn({ consumer: assumed, method: methods[0]?.name ?? "" }, "taken as signed in (--as)", []);
    const looks = methods.map((method) => {
      const look = method.model.look(view);
      return { method, ...look, present: look.present && (!sharesBearer || isMeant(method, view)) };
    });
    const reasons = looks.map(({ reason }) => reason);
    const stray = strayAuthorization(looks, view);
    if (stray !== undefined) return denied(stray.reason, stray.summary, reasons);
    const there = looks.filter(({ present }) => present).map(({ method }) => method);
    const carried = there.filter(({ ofConnection }) => ofConnection !== true);
    const [first, ...more] = carried.length > 0 ? carried : there;
    if (more.length > 0) {
      const places = [first, ...more].map((method) => method?.where).join(" and ");
      return denied("several-credentials", `credentials in ${places}; one is allowed`, reasons);
    }
    if (first === undefined) return withoutCredential(methods, optional, reasons);
    const verdict = first.model.judge(view);
    switch (verdict.outcome) {
      case "denied":
        return denied(verdict.reason, verdict.summary, reasons, verdict.status);
      case "open":
        return {
          outcome: "open",
          decision: ` denied ${verdict.reason}`,
          summary: verdict.summary,
          status: 401,
          reasons,
        };
      case "allowed":
        return signedIn(verdict.caller, verdict.summary, reasons);
    }
  };
}

/** Where JSON Web Tokens have a method of their own, those are all of three parts. */
function isMeant({ name, scheme }: MethodPlan, view: RequestView): boolean {
  const [header = ""] = view.header("authorization");
  return scheme !== "Bearer" || (header.split(".").length === 3) === (name === "jwt");
}

/** A header `authorization` of which no method that looks there takes the scheme. */
function strayAuthorization(looks: readonly { method: MethodPlan; present: boolean }[], view: RequestView) {
  const sharing = looks.filter(({ method }) => method.scheme !== undefined);
  const lines = view.header("authorization");
  if (sharing.length === 0 || lines.length === 0) return undefined;
  if (lines.length > 1) return { reason: "duplicate-credential", summary: "header authorization was sent twice" };
  if (sharing.some(({ present }) => present)) return undefined;
  const schemes = sharing.map(({ method }) => method.scheme).join(" or ");
  return { reason: "malformed-credential", summary: `header authorization is not of the scheme ${schemes}` };
}

function withoutCredential(methods: readonly MethodPlan[], optional: boolean, reasons: Reason[]): Verdict {
  if (optional)
    return {
      outcome: "allowed",
      decision: " allowed anonymous",
      summary: "no credential; passes as anonymous (optional)",
      reasons,
    };
  const places = methods.map(({ where }) => where.replace(/^header /, "")).join(" or ");
  return denied("no-credential", `no credential; one is needed in ${places}`, reasons);
}

function denied(reason: string, summary: string, reasons: Reason[], status = 401): Verdict {
  return { outcome: "denied", decision: ` denied ${reason}`, summary, status, reasons };
}

function signedIn(caller: Caller, how: string, reasons: Reason[]): Verdict {
  const { consumer } = caller;
  const allowed = { outcome: "allowed" as const, decision: " allowed authenticated", summary: how, caller };
  if (consumer === undefined) return { ...allowed, reasons };
  const { name, tier, groups, origin } = consumer;
  const facts = [
    ...(tier === undefined ? [] : [`tier ${tier}`]),
    ...(groups.length === 0 ? [] : [`groups ${groups.join(", ")}`]),
  ];
  return {
    ...allowed,
    reasons: [...reasons, { text: `the caller is ${[name, ...facts].join("; ")}`, origin }],
    results: {
      consumer: name,
      ...(tier === undefined ? {} : { tier }),
      ...(groups.length === 0 ? {} : { groups: groups.join(",") }),
    },
  };
}
