import { ADDRESS_DENIED, type AddressPlan, blockOf, takesAddress } from "../../compiler/plan/native.js";
import type { RequestView, Verdict } from "../../compiler/request/verdict.js";

/** What Envoy's filter for access rules does with a request: it looks at the address of the client alone. */
export function modelOf(addresses: AddressPlan): (view: RequestView) => Verdict {
  return (view) => {
    const source = view.attribute("source.ip", undefined);
    const address = typeof source === "string" ? source : "";
    const reasons = [{ text: reasonOf(addresses, address) }];
    if (takesAddress(addresses, address)) return { outcome: "allowed", summary: "may call from there", reasons };
    return {
      outcome: "denied",
      decision: ADDRESS_DENIED,
      summary: "may not call from there",
      status: 403,
      reasons,
    };
  };
}

function reasonOf({ allow, deny }: AddressPlan, address: string): string {
  const denied = blockOf(deny, address);
  if (denied !== undefined) return `${address} is in ${denied.text}, which \`deny\` lists`;
  if (allow === undefined) return `${address} is in no block of \`deny\``;
  const allowed = blockOf(allow, address);
  return allowed === undefined
    ? `${address} is in no block of \`allow\``
    : `${address} is in ${allowed.text}, which \`allow\` lists`;
}
