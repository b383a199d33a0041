import { proxy_get_buffer_bytes } from "./abi";
import { resultAddress, resultCell, resultNumber } from "./memory";
import { BufferType, Status } from "./status";

/** Reads the plugin configuration, `length` bytes as told by the callback, into the arena; its address, or 0. */
export function readConfiguration(length: i32): usize {
  const status = proxy_get_buffer_bytes(BufferType.PluginConfiguration, 0, length, resultCell(0), resultCell(1));
  if (status !== Status.Ok || resultNumber(1) !== length) return 0;
  return resultAddress(0);
}
