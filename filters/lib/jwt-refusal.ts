// Why a token is refused. Clients are told none of this; it stands in decisions, logs and metrics.

export enum JwtRefusal {
  None = 0,
  /** Longer than JWT_MOST_BYTES. */
  Length = 1,
  /** Not three parts, or one of them empty. */
  Parts = 2,
  /** A part that is not base64url as RFC 7515, section 2 and RFC 4648, section 3.5 write it. */
  Encoding = 3,
  /** The header is no JSON object with names that differ, or a member is not what it has to be. */
  Header = 4,
  /** `alg` is missing, or is none of ours. */
  Algorithm = 5,
  /** `crit`, `b64` or `zip`: extensions that change what a token says. */
  Extension = 6,
  /** The payload is no JSON object with names that differ. */
  Payload = 7,
  /** A registered claim is not of its type, or a time is out of range. */
  Claim = 8,
  /** There is no `exp`. */
  NoExpiry = 9,
  Expired = 10,
  NotYetValid = 11,
  /** `iat` lies ahead. */
  IssuedAhead = 12,
  /** No key is the one that it means, or its algorithm is not that of the key. */
  Key = 13,
  Signature = 14,
  /** Another issuer's, or nobody's. */
  Issuer = 15,
  /** It is for somebody else, or for nobody. */
  Audience = 16,
}

/** One more than the last. */
export const JWT_REFUSALS: i32 = 17;

/** The word for a reason; only for configuration, as literals are UTF-16. */
export function wordOfJwtRefusal(refusal: JwtRefusal): string {
  switch (refusal) {
    case JwtRefusal.None:
      return "token-valid";
    case JwtRefusal.Length:
      return "token-too-long";
    case JwtRefusal.Parts:
      return "token-parts";
    case JwtRefusal.Encoding:
      return "token-encoding";
    case JwtRefusal.Header:
      return "token-header";
    case JwtRefusal.Algorithm:
      return "token-algorithm";
    case JwtRefusal.Extension:
      return "token-extension";
    case JwtRefusal.Payload:
      return "token-payload";
    case JwtRefusal.Claim:
      return "token-claim";
    case JwtRefusal.NoExpiry:
      return "token-without-expiry";
    case JwtRefusal.Expired:
      return "token-expired";
    case JwtRefusal.NotYetValid:
      return "token-not-yet-valid";
    case JwtRefusal.IssuedAhead:
      return "token-issued-ahead";
    case JwtRefusal.Key:
      return "token-key";
    case JwtRefusal.Signature:
      return "token-signature";
    case JwtRefusal.Issuer:
      return "token-issuer";
    case JwtRefusal.Audience:
      return "token-audience";
    default:
      return "token-refused";
  }
}
