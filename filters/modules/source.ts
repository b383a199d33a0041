import { ipLength, ipStart, splitAddress } from "../lib/address";
import { Slot, setAttribute } from "../lib/attributes";
import { propertyLength, propertyStart, readProperty } from "../proxy-wasm/properties";
import { Status } from "../proxy-wasm/status";

// "source" NUL "address"
const SOURCE_ADDRESS: usize = memory.data<u8>([
  0x73, 0x6f, 0x75, 0x72, 0x63, 0x65, 0, 0x61, 0x64, 0x64, 0x72, 0x65, 0x73, 0x73,
]);
const SOURCE_ADDRESS_LENGTH: i32 = 14;

/** Sets `source.ip`, the client's address as Envoy sees it behind trusted hops; it stays absent if there is none. */
export function readSourceIp(): void {
  if (readProperty(SOURCE_ADDRESS, SOURCE_ADDRESS_LENGTH) !== Status.Ok) return;
  if (splitAddress(propertyStart(), propertyLength())) setAttribute(Slot.SourceIp, ipStart(), ipLength());
}
