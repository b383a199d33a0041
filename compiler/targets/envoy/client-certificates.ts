import { ConfigSchema } from "../../envoy/generated/envoy/extensions/filters/http/set_filter_state/v3/set_filter_state_pb.js";
import { extensionNames, packed } from "../../envoy/message.js";
import { CLIENT_NAMES, CLIENT_URIS } from "../../plan/names.js";
import type { GatewayPlan } from "../../plan/plan.js";
import type { EnvoyOptions } from "./options.js";

// Envoy's attributes tell the guard the first name of each sort in the certificate of a client. Whether it is the only one, only a formatter tells:
// so a filter in front of the guard leaves all of them in filter state (filters/proxy-wasm/client-certificate.ts).

/** That filter, where some listener asks clients for certificates. */
export function clientCertificateFilter({ listeners }: GatewayPlan, { asksClients }: EnvoyOptions) {
  const asks = asksClients === true || listeners.some(({ tls }) => tls?.clientCertificate !== undefined);
  if (!asks) return [];
  const onRequestHeaders = [
    state(CLIENT_URIS, "%DOWNSTREAM_PEER_URI_SAN%"),
    state(CLIENT_NAMES, "%DOWNSTREAM_PEER_DNS_SAN%"),
  ];
  return [
    {
      name: extensionNames.setFilterState,
      configType: { case: "typedConfig" as const, value: packed(ConfigSchema, { onRequestHeaders }) },
    },
  ];
}

function state(key: string, text: string) {
  const specifier = { case: "inlineString" as const, value: text };
  const formatString = {
    format: { case: "textFormatSource" as const, value: { specifier } },
    omitEmptyValues: true,
  };
  return {
    key: { case: "objectKey" as const, value: key },
    factoryKey: "envoy.string",
    value: { case: "formatString" as const, value: formatString },
    skipIfEmpty: true,
  };
}
