import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import { SocketAddress_Protocol } from "../../envoy/generated/envoy/config/core/v3/address_pb.js";
import {
  HeaderValueOption_HeaderAppendAction as AppendAction,
  type HeaderValueOption,
  HeaderValueOptionSchema,
} from "../../envoy/generated/envoy/config/core/v3/base_pb.js";
import type { ListenerSchema } from "../../envoy/generated/envoy/config/listener/v3/listener_pb.js";
import { HttpConnectionManager_CodecType } from "../../envoy/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";
import { QuicDownstreamTransportSchema } from "../../envoy/generated/envoy/extensions/transport_sockets/quic/v3/quic_transport_pb.js";
import { extensionNames, packed } from "../../envoy/message.js";
import { quicListenerName } from "../../plan/names.js";
import type { ListenerPlan } from "../../plan/plan.js";
import { listenerAddress } from "./clusters.js";
import type { Address, EnvoyOptions, originMetadata } from "./options.js";
import { downstreamContext } from "./tls.js";

/** Bounds for clients that are not trusted, as those of HTTP/2. */
const QUIC = { maxConcurrentStreams: 100, initialStreamWindowSize: 65_536, initialConnectionWindowSize: 1_048_576 };

/** The connection manager of HTTP/3. */
export const HTTP3 = {
  codecType: HttpConnectionManager_CodecType.HTTP3,
  http3ProtocolOptions: { quicProtocolOptions: QUIC },
} as const;

/** How long a client may remember that there is HTTP/3. */
const REMEMBERED_SECONDS = 86_400;

/** What tells clients of HTTP/3 (RFC 7838). One of the service is about the service itself. */
export function alternative(port: number): HeaderValueOption {
  return create(HeaderValueOptionSchema, {
    header: { key: "alt-svc", value: `h3=":${port}"; ma=${REMEMBERED_SECONDS}` },
    appendAction: AppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
  });
}

/** The part of a listener that speaks HTTP/3: to Envoy a listener of its own, at the same address over UDP. */
export function quicListener(
  listener: ListenerPlan,
  address: Address,
  chain: { filters: { name: string; configType: { case: "typedConfig"; value: Any } }[] },
  shared: { perConnectionBufferLimitBytes: number; metadata: ReturnType<typeof originMetadata> },
  { secretsDir }: EnvoyOptions,
): MessageInitShape<typeof ListenerSchema> {
  const socket = packed(QuicDownstreamTransportSchema, {
    downstreamTlsContext: downstreamContext(listener, secretsDir, ["h3"]),
    // What comes in the first packet could be sent again by somebody else (RFC 8446, section 8).
    enableEarlyData: false,
  });
  return {
    ...shared,
    name: quicListenerName(listener),
    address: listenerAddress(address, SocketAddress_Protocol.UDP),
    udpListenerConfig: { quicOptions: {}, downstreamSocketConfig: { preferGro: true } },
    filterChains: [
      {
        ...chain,
        transportSocket: { name: extensionNames.quicTransport, configType: { case: "typedConfig", value: socket } },
      },
    ],
  };
}
