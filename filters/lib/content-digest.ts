import { BASE64_STANDARD, base64Decode } from "./base64";
import { bytesEqual, isWord } from "./bytes";
import { at } from "./region";
import { SHA256_BYTES, sha256 } from "./sha256";
import { SHA512_BYTES, sha512 } from "./sha512";
import { readDictionary, SF_BYTES, SF_NODE_BYTES, SfNode } from "./structured-fields";

// `Content-Digest` (RFC 9530, section 2): digests of a body as it was sent. SHA-256 and SHA-512 are known; others are passed over, and are worth nothing.

/** Which digests there are; bits. */
export enum Digests {
  None = 0,
  Sha256 = 1,
  Sha512 = 2,
}

/** A field that is no dictionary, or has one of the two twice, or as something else. */
export const DIGEST_ERROR: i32 = -1;

/** Bytes for both: SHA-256, then SHA-512. */
export const DIGESTS_BYTES: i32 = SHA256_BYTES + SHA512_BYTES;

const NODES: i32 = 64;
/** Bytes of the space that a field is read in. */
export const CONTENT_DIGEST_SPACE_BYTES: i32 = NODES * SF_NODE_BYTES;
/** The longest of the two in base64. */
const MOST_BASE64_BYTES: i32 = 88;

// Words with their lengths in front.
const SHA_256: usize = memory.data<u8>([7, 0x73, 0x68, 0x61, 0x2d, 0x32, 0x35, 0x36]);
const SHA_512: usize = memory.data<u8>([7, 0x73, 0x68, 0x61, 0x2d, 0x35, 0x31, 0x32]);

const DECODED: usize = memory.data(SHA512_BYTES + 2, 8);
const DIGEST: usize = memory.data(SHA512_BYTES, 8);

/** Reads a field; its digests go to `target`, DIGESTS_BYTES long. Returns which there are, or DIGEST_ERROR. `space` is aligned to 8. */
export function readContentDigest(field: usize, length: i32, space: usize, target: usize): i32 {
  const nodes = readDictionary(field, length, space, NODES);
  if (nodes < 0) return DIGEST_ERROR;
  let found = 0;
  for (let key = 0; key < nodes; key = at<SfNode>(space, key).next) {
    const digest = digestOf(at<SfNode>(space, key));
    if (digest === Digests.None) continue;
    if ((found & digest) !== 0 || !readDigest(at<SfNode>(space, key + 1), digest, target)) return DIGEST_ERROR;
    found |= digest;
  }
  return found;
}

function digestOf(key: SfNode): Digests {
  if (isWord(key.start, key.length, SHA_256)) return Digests.Sha256;
  return isWord(key.start, key.length, SHA_512) ? Digests.Sha512 : Digests.None;
}

function readDigest(value: SfNode, digest: Digests, target: usize): bool {
  if (value.type !== SF_BYTES || value.length > MOST_BASE64_BYTES) return false;
  const bytes = digest === Digests.Sha256 ? SHA256_BYTES : SHA512_BYTES;
  if (base64Decode(value.start, value.length, DECODED, BASE64_STANDARD, true) !== bytes) return false;
  memory.copy(digest === Digests.Sha256 ? target : target + SHA256_BYTES, DECODED, bytes);
  return true;
}

/** Whether a body has each of the digests that were read to `expected`; false if there are none. */
export function contentDigestHolds(digests: i32, expected: usize, body: usize, length: i32): bool {
  if (digests <= 0) return false;
  if ((digests & Digests.Sha256) !== 0) {
    sha256(body, length, DIGEST);
    if (!bytesEqual(DIGEST, expected, SHA256_BYTES)) return false;
  }
  if ((digests & Digests.Sha512) === 0) return true;
  sha512(body, length, DIGEST);
  return bytesEqual(DIGEST, expected + SHA256_BYTES, SHA512_BYTES);
}
