// Why a key is not used.

export enum JwkRefusal {
  None = 0,
  /** No JSON object, or one without a `kty` that is known here. */
  Type = 1,
  /** A part is missing, or is no base64url. */
  Member = 2,
  /** `use` or `key_ops` say that it does not verify signatures. */
  Use = 3,
  /** `alg` is none of ours, or not one of its type and curve. */
  Algorithm = 4,
  /** It says what only its owner may know: whoever has read it can sign. */
  Private = 5,
  /** Fewer bits than its algorithm asks for (RFC 7518, sections 3.2 and 3.3), or more than Envoy takes. */
  Size = 6,
  /** A modulus that is even, or begins with a zero byte. */
  Modulus = 7,
  /** A public exponent other than 3 and 65537. */
  Exponent = 8,
  /** Its factors can be found (ROCA, CVE-2017-15361). */
  Weak = 9,
  /** A coordinate that is missing, not as long as those of the curve, or beyond its field. */
  Point = 10,
  /** A `kid` that is no string, or longer than 256 bytes. */
  Kid = 11,
}

/** The word for a reason; only for configuration, as literals are UTF-16. */
export function wordOfJwkRefusal(refusal: JwkRefusal): string {
  switch (refusal) {
    case JwkRefusal.None:
      return "key-usable";
    case JwkRefusal.Type:
      return "key-type";
    case JwkRefusal.Member:
      return "key-member";
    case JwkRefusal.Use:
      return "key-use";
    case JwkRefusal.Algorithm:
      return "key-algorithm";
    case JwkRefusal.Private:
      return "key-private";
    case JwkRefusal.Size:
      return "key-size";
    case JwkRefusal.Modulus:
      return "key-modulus";
    case JwkRefusal.Exponent:
      return "key-exponent";
    case JwkRefusal.Weak:
      return "key-weak";
    case JwkRefusal.Point:
      return "key-point";
    case JwkRefusal.Kid:
      return "key-kid";
    default:
      return "key-refused";
  }
}
