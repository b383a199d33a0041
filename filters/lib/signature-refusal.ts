// Why the signature of a message is refused. Clients are told none of this; it stands in decisions, logs and metrics.

export enum SignatureRefusal {
  None = 0,
  /** `Signature-Input` is no dictionary, a name stands twice in it, or the one that is meant is no inner list. */
  Input = 1,
  /** There is no signature of that name, or several where one may be. */
  Label = 2,
  /** `Signature` is no dictionary, or has not exactly one byte sequence of that name. */
  Signature = 3,
  /** A covered component that is not known, has parameters, stands twice, or has no value that can be signed. */
  Component = 4,
  /** A parameter that is not of its type, or stands twice. */
  Parameter = 5,
  /** There is no `created`. */
  NotDated = 6,
  /** `created` is longer ago than may be. */
  TooOld = 7,
  /** `created` lies ahead. */
  CreatedAhead = 8,
  /** `expires` has passed. */
  Expired = 9,
}

/** The word for a reason; only for configuration, as literals are UTF-16. */
export function wordOfSignatureRefusal(refusal: SignatureRefusal): string {
  switch (refusal) {
    case SignatureRefusal.None:
      return "signature-valid";
    case SignatureRefusal.Input:
      return "signature-input";
    case SignatureRefusal.Label:
      return "signature-label";
    case SignatureRefusal.Signature:
      return "signature-malformed";
    case SignatureRefusal.Component:
      return "signature-component";
    case SignatureRefusal.Parameter:
      return "signature-parameter";
    case SignatureRefusal.NotDated:
      return "signature-not-dated";
    case SignatureRefusal.TooOld:
      return "signature-too-old";
    case SignatureRefusal.CreatedAhead:
      return "signature-created-ahead";
    case SignatureRefusal.Expired:
      return "signature-expired";
    default:
      return "signature-refused";
  }
}
