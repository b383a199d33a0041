import { type Diagnostic, diagnose } from "../../compiler/diagnostics/diagnostic.js";
import type { CompressPlan } from "../../compiler/plan/native.js";
import { type Chain, headersRead, namedRead, type PolicyPlan } from "../../compiler/plan/plan.js";
import type { Place } from "../../compiler/policy/issues.js";

/** Formats that are compressed already. */
const COMPRESSED =
  /^(audio|video)\/|^image\/(avif|gif|jpeg|png|webp)$|^font\/woff2?$|^application\/(gzip|pdf|x-7z-compressed|zip|zstd)$/;

/** Warns where a page elsewhere could guess what a compressed answer holds, and of what does not get smaller. */
export function lintOf(
  policy: string,
  { contentTypes }: CompressPlan,
  place: Place,
): (chain: Chain) => readonly Diagnostic[] {
  const needless = contentTypes.flatMap((type, index) =>
    COMPRESSED.test(type) ? [diagnose("SL0449", { type }, place(["contentTypes", index]))] : [],
  );
  return ({ steps }) => {
    const known = steps.find((step) => goesByCookies(step.policy));
    const step = steps.find((one) => one.policy.name === policy);
    if (known === undefined || step === undefined) return needless;
    const related = [{ message: `\`${known.policy.name}\` goes by cookies`, span: known.policy.origin }];
    return [...needless, diagnose("SL0448", { policy }, step.origin, { related })];
  };
}

/** Whether browsers send of themselves what the policy knows a caller by. */
function goesByCookies(policy: PolicyPlan): boolean {
  if (policy.native?.filter === "cors") return policy.native.credentials;
  const named = namedRead(policy).some((name) => name.startsWith("request.cookies["));
  return named || headersRead(policy).includes("cookie");
}
