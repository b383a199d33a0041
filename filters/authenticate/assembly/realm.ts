import { isVisibleAscii } from "../../lib/bytes";
import { refuse, stringLength, stringOf, stringStart } from "../../lib/document";
import { hasByte } from "../../lib/text";

/** A realm stands in a quoted string (RFC 9110 5.6.4), and is not escaped: so no quote and no backslash. */
export function realmOf(node: i32): bool {
  if (!stringOf(node, 1, 128)) return false;
  const start = stringStart(node);
  const length = stringLength(node);
  for (let i = 0; i < length; i++) {
    const place = start + <usize>i;
    const allowed = isVisibleAscii(place, 1) || hasByte(place, 1, 0x20);
    if (!allowed || hasByte(place, 1, 0x22) || hasByte(place, 1, 0x5c)) {
      return refuse(node, "must be ASCII without quotes and backslashes");
    }
  }
  return true;
}
