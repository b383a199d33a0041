import { diagnose } from "../../compiler/diagnostics/diagnostic.js";
import type { OriginPattern } from "../../compiler/plan/native.js";
import type { PolicyPlan } from "../../compiler/plan/plan.js";

/**
 * Suffixes below which anybody can have a name: the most used of the Public Suffix List (https://publicsuffix.org), both of
 * registries and of providers.
 */
const SHARED: ReadonlySet<string> = new Set(
  `co.uk ltd.uk me.uk net.uk org.uk plc.uk com.au net.au org.au co.nz net.nz org.nz co.za co.in net.in org.in co.jp
  ne.jp or.jp co.kr or.kr com.cn net.cn org.cn com.hk com.tw com.sg com.my co.id co.th com.ph com.vn com.br net.br org.br com.mx
  com.ar com.co com.pe com.tr com.ua com.pl com.gr com.pt com.es co.il org.il com.eg com.ng co.ke
  appspot.com azurestaticapps.net azurewebsites.net blogspot.com cloudfront.net deno.dev firebaseapp.com fly.dev github.io
  gitlab.io glitch.me herokuapp.com myshopify.com netlify.app ngrok-free.app ngrok.app ngrok.io onrender.com pages.dev r2.dev
  s3.amazonaws.com surge.sh trycloudflare.com up.railway.app vercel.app web.app wixsite.com workers.dev`.split(/\s+/),
);

/** A shared suffix that all names below it are allowed of; undefined if an origin is none. */
export function sharedSuffix(pattern: OriginPattern): string | undefined {
  return pattern.form === "below" && SHARED.has(pattern.domain) ? pattern.domain : undefined;
}

/** Warns where a route asks for the policy by name and Envoy's filter does nothing: it works on routes to services only. */
export function lintOf(policy: string): NonNullable<PolicyPlan["lint"]> {
  return ({ route }) => {
    const applied = route.run.find((one) => one.policy === policy);
    if (route.action.type === "forward" || applied?.via !== "apply") return [];
    return [diagnose("SL0427", { policy, action: route.action.type }, applied.origin)];
  };
}
