// Signature algorithms of RFC 7518, section 3.1, that are verified here; there is no other, `none` least of all.

export enum JwsAlgorithm {
  /** Any other text. */
  Unknown = 0,
  HS256 = 1,
  HS384 = 2,
  HS512 = 3,
  RS256 = 4,
  RS384 = 5,
  RS512 = 6,
  ES256 = 7,
  ES384 = 8,
}

// Two bytes and three, as they are read from memory.
const HS: u32 = 0x5348;
const RS: u32 = 0x5352;
const ES: u32 = 0x5345;
const NUMBER_256: u32 = 0x363532;
const NUMBER_384: u32 = 0x343833;
const NUMBER_512: u32 = 0x323135;

/** The algorithm with this name, in exactly these capital letters. */
export function jwsAlgorithmOf(start: usize, length: i32): JwsAlgorithm {
  if (length !== 5) return JwsAlgorithm.Unknown;
  const size = sizeOf(<u32>load<u16>(start, 2) | ((<u32>load<u8>(start, 4)) << 16));
  if (size < 0) return JwsAlgorithm.Unknown;
  switch (<u32>load<u16>(start)) {
    case HS:
      return JwsAlgorithm.HS256 + size;
    case RS:
      return JwsAlgorithm.RS256 + size;
    case ES:
      return size < 2 ? JwsAlgorithm.ES256 + size : JwsAlgorithm.Unknown;
    default:
      return JwsAlgorithm.Unknown;
  }
}

/** 0 to 2, or -1. */
function sizeOf(digits: u32): i32 {
  if (digits === NUMBER_256) return 0;
  if (digits === NUMBER_384) return 1;
  return digits === NUMBER_512 ? 2 : -1;
}
