import { BASE64_STANDARD, base64Encode } from "../../lib/base64";
import { copyBytes, wipeBytes } from "../../lib/bytes";
import { DATE_TIME_BYTES, writeDateTime } from "../../lib/date-time";
import { outputBytes, outputText } from "../../lib/output";
import { exists } from "../../lib/region";
import { SHA1_BYTES, sha1 } from "../../lib/sha1";
import { UUID_BYTES, writeUuid } from "../../lib/uuid";
import { unixTime } from "../../proxy-wasm/clock";
import { LONGEST_VARIABLE } from "../../proxy-wasm/environment";
import { fillRandom } from "../../proxy-wasm/random";
import { Operation, Security, Soap } from "./table";

// The header of a request: WS-Security (UsernameToken, Timestamp) and WS-Addressing 1.0. Whatever differs from message to message is made here.

const NONCE_BYTES: i32 = 16;
/** Of 16 bytes 24 characters, of 20 bytes 28. */
const BASE64_NONCE: i32 = 24;
const BASE64_DIGEST: i32 = 28;

// Sixteen bytes more than is written may be read of each.
const CREATED: usize = memory.data(48, 8);
const EXPIRES: usize = memory.data(48, 8);
const NONCE: usize = memory.data(32, 8);
/** Nonce, time and password, which is no longer than a variable may be. */
const MESSAGE: usize = memory.data(NONCE_BYTES + DATE_TIME_BYTES + LONGEST_VARIABLE, 8);
const TEXT: usize = memory.data(64, 8);
const DIGEST: usize = memory.data(40, 8);

/** Writes the header, if the operation has one; false if the host has no time or no random bytes, or memory is used up. */
export function writeHeader(soap: Soap, operation: Operation): bool {
  const isAddressed = exists(operation.addressing);
  if (!isAddressed && !exists(soap.security)) return true;
  outputText(isAddressed ? soap.constants.addressedHeaderOpen : soap.constants.headerOpen);
  if (isAddressed && !writeAddressing(soap, operation)) return false;
  if (exists(soap.security) && !writeSecurity(soap.security)) return false;
  outputText(soap.constants.headerClose);
  return true;
}

/** The identifier of the message is a random UUID (RFC 9562, section 5.4). */
function writeAddressing(soap: Soap, operation: Operation): bool {
  if (!fillRandom(NONCE, NONCE_BYTES)) return false;
  outputText(operation.addressing);
  writeUuid(TEXT, NONCE);
  outputBytes(TEXT, UUID_BYTES);
  outputText(soap.constants.addressingClose);
  return true;
}

function writeSecurity(security: Security): bool {
  const now = unixTime();
  if (now === 0) return false;
  writeDateTime(CREATED, now);
  outputText(security.open);
  if (security.timestampSeconds > 0) writeTimestamp(security, now);
  if (exists(security.user)) {
    outputText(security.token);
    if (security.digest && !writeDigest(security)) return false;
  }
  outputText(security.close);
  return true;
}

function writeTimestamp(security: Security, now: i64): void {
  writeDateTime(EXPIRES, now + <i64>security.timestampSeconds * 1000);
  outputText(security.timestampOpen);
  outputBytes(CREATED, DATE_TIME_BYTES);
  outputText(security.timestampMiddle);
  outputBytes(EXPIRES, DATE_TIME_BYTES);
  outputText(security.timestampClose);
}

/** Username Token Profile 1.0, section 3.1: Base64(SHA-1(nonce + created + password)). */
function writeDigest(security: Security): bool {
  const password = security.password;
  if (!fillRandom(MESSAGE, NONCE_BYTES)) return false;
  copyBytes(NONCE, MESSAGE, NONCE_BYTES);
  copyBytes(MESSAGE + NONCE_BYTES, CREATED, DATE_TIME_BYTES);
  copyBytes(MESSAGE + NONCE_BYTES + DATE_TIME_BYTES, password.start, password.length);
  const length = NONCE_BYTES + DATE_TIME_BYTES + password.length;
  sha1(MESSAGE, length, DIGEST);
  wipeBytes(MESSAGE, length);
  base64Encode(DIGEST, SHA1_BYTES, TEXT, BASE64_STANDARD, true);
  outputBytes(TEXT, BASE64_DIGEST);
  outputText(security.tokenNonce);
  base64Encode(NONCE, NONCE_BYTES, TEXT, BASE64_STANDARD, true);
  outputBytes(TEXT, BASE64_NONCE);
  outputText(security.tokenCreated);
  outputBytes(CREATED, DATE_TIME_BYTES);
  outputText(security.tokenClose);
  return true;
}
