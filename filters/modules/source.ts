import { ipLength, ipStart, portLength, portStart, splitAddress } from "../lib/address";
import { Slot, setAttribute, TraceSlot } from "../lib/attributes";
import { byteFrom } from "../lib/bytes";
import { propertyLength, propertyStart, readProperty } from "../proxy-wasm/properties";
import { Status } from "../proxy-wasm/status";

// What only Envoy's attributes tell of a request. What it does not tell stays absent.

// "source" NUL "address"
const SOURCE_ADDRESS: usize = memory.data<u8>([
  0x73, 0x6f, 0x75, 0x72, 0x63, 0x65, 0, 0x61, 0x64, 0x64, 0x72, 0x65, 0x73, 0x73,
]);
const SOURCE_ADDRESS_LENGTH: i32 = 14;

// "xds" NUL "route_name"
const ROUTE_NAME: usize = memory.data<u8>([
  0x78, 0x64, 0x73, 0, 0x72, 0x6f, 0x75, 0x74, 0x65, 0x5f, 0x6e, 0x61, 0x6d, 0x65,
]);
const ROUTE_NAME_LENGTH: i32 = 14;

// "request" NUL "protocol"
const PROTOCOL: usize = memory.data<u8>([
  0x72, 0x65, 0x71, 0x75, 0x65, 0x73, 0x74, 0, 0x70, 0x72, 0x6f, 0x74, 0x6f, 0x63, 0x6f, 0x6c,
]);
const PROTOCOL_LENGTH: i32 = 16;

// "xds" NUL "route_metadata" NUL "filter_metadata" NUL "sluice" NUL "operation"
export const OPERATION: usize = memory.data<u8>([
  0x78, 0x64, 0x73, 0, 0x72, 0x6f, 0x75, 0x74, 0x65, 0x5f, 0x6d, 0x65, 0x74, 0x61, 0x64, 0x61, 0x74, 0x61, 0, 0x66,
  0x69, 0x6c, 0x74, 0x65, 0x72, 0x5f, 0x6d, 0x65, 0x74, 0x61, 0x64, 0x61, 0x74, 0x61, 0, 0x73, 0x6c, 0x75, 0x69, 0x63,
  0x65, 0, 0x6f, 0x70, 0x65, 0x72, 0x61, 0x74, 0x69, 0x6f, 0x6e,
]);
export const OPERATION_LENGTH: i32 = 51;

const SLASH: u8 = 0x2f;

/** Asks for the name of the route that Envoy chose; it is in `propertyStart` then. False if there is none. */
export function readRouteName(): bool {
  return readProperty(ROUTE_NAME, ROUTE_NAME_LENGTH) === Status.Ok && propertyLength() !== 0;
}

/** Sets `source.ip` and `source.port`, the client's address as Envoy sees it behind trusted hops. */
export function readSource(): void {
  if (readProperty(SOURCE_ADDRESS, SOURCE_ADDRESS_LENGTH) !== Status.Ok) return;
  if (!splitAddress(propertyStart(), propertyLength())) return;
  setAttribute(Slot.SourceIp, ipStart(), ipLength());
  setAttribute(Slot.SourcePort, portStart(), portLength());
}

/**
 * Sets `soap.operation`, of what the metadata of a route says that a body is converted for: `<policy>/<operation>`.
 */
export function readOperation(): void {
  if (readProperty(OPERATION, OPERATION_LENGTH) !== Status.Ok) return;
  const end = propertyStart() + <usize>propertyLength();
  const name = byteFrom(propertyStart(), end, SLASH) + 1;
  if (name < end) setAttribute(TraceSlot.Operation, name, <i32>(end - name));
}

/** Sets `request.protocol`: `HTTP/1.1`, `HTTP/2` and so on. */
export function readProtocol(): void {
  if (readProperty(PROTOCOL, PROTOCOL_LENGTH) !== Status.Ok || propertyLength() === 0) return;
  setAttribute(Slot.Protocol, propertyStart(), propertyLength());
}
