import { AMBIGUOUS } from "../expression/evaluate.js";

/** The certificate that a client proves to have, as far as anything looks at it: signed by whom the listener trusts. */
export interface ClientCertificate {
  /** Names in it, in their order: URIs, which have a colon, and DNS names. */
  san: readonly string[];
}

/** Its names by their sort. */
export function namesIn({ san }: ClientCertificate): { uris: string[]; names: string[] } {
  return { uris: san.filter((one) => one.includes(":")), names: san.filter((one) => !one.includes(":")) };
}

/** `source.principal`: its one URI or, where it has none, its one DNS name (filters/proxy-wasm/client-certificate.ts). */
export function principalOf(certificate: ClientCertificate | undefined): string | typeof AMBIGUOUS | undefined {
  if (certificate === undefined) return undefined;
  const { uris, names } = namesIn(certificate);
  const [only, ...more] = uris.length > 0 ? uris : names.map((name) => name.toLowerCase());
  return only === undefined || more.length > 0 ? AMBIGUOUS : only;
}
