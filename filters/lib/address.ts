// Addresses as Envoy writes them: `192.0.2.1:443`, `[2001:db8::1]:443`; anything else (a pipe) is no IP address.

let start: usize = 0;
let length: i32 = 0;
let port: usize = 0;
let portBytes: i32 = 0;

/** Finds the IP address in an address with port; then see `ipStart` and `portStart`. False if there is none. */
export function splitAddress(address: usize, addressLength: i32): bool {
  let colon = addressLength - 1;
  while (colon > 0 && load<u8>(address + colon) !== 0x3a) colon--;
  if (colon <= 0) return false;
  start = address;
  length = colon;
  port = address + colon + 1;
  portBytes = addressLength - colon - 1;
  if (load<u8>(address) === 0x5b) {
    if (load<u8>(address + colon - 1) !== 0x5d) return false;
    start++;
    length -= 2;
  }
  return length > 0 && isIpText(start, length);
}

/** Digits, hexadecimal letters, dots, colons, and a zone after `%`. */
function isIpText(text: usize, textLength: i32): bool {
  for (let i = 0; i < textLength; i++) {
    const byte = <u32>load<u8>(text + i);
    if (byte === 0x25) return i > 0;
    if (byte - 0x30 > 10 && byte - 0x61 > 5 && byte !== 0x2e) return false;
  }
  return true;
}

export function ipStart(): usize {
  return start;
}

export function ipLength(): i32 {
  return length;
}

/** The port as it is written; after `splitAddress` found an address. */
export function portStart(): usize {
  return port;
}

export function portLength(): i32 {
  return portBytes;
}
