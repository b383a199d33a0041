import { headerNameOf } from "../../lib/attribute-reader";
import { attribute, Presence } from "../../lib/attributes";
import {
  arrayOf,
  firstElement,
  keepString,
  NOWHERE,
  nextElement,
  objectOf,
  refuse,
  requiredMember,
  stringLength,
  stringOf,
  stringStart,
} from "../../lib/document";
import { Interest, wantHeader } from "../../lib/interest";
import { claimAt } from "../../lib/jwt";
import { claimTextLength, claimTextStart, composeClaim } from "../../lib/jwt-header";
import { at, keepRecords, none } from "../../lib/region";
import { compose, keepComposed, putLiteral, putText, Text } from "../../lib/text";
import { removeRequestHeader, setRequestHeader } from "../../proxy-wasm/headers";
import { setProperty } from "../../proxy-wasm/properties";

// Claims that the service is told in headers of the request, which nobody else may write.

const MOST_HEADERS: i32 = 32;

/** A header, and what it says of the token at hand. */
@unmanaged
class ClaimHeader {
  /** Names with spaces between them. */
  claim: Text = none<Text>();
  name: Text = none<Text>();
  /** Of the filter state that Envoy writes it from. */
  key: Text = none<Text>();
  slot: i32 = 0;
  value: usize = 0;
  length: i32 = 0;
}

/** Those of a method. */
@unmanaged
export class ClaimHeaders {
  count: i32 = 0;
  /** Array of ClaimHeader. */
  list: usize = 0;
}

/** Reads `claimsToHeaders`; false, and a problem noted, if it is wrong. */
export function readClaimHeaders(list: i32, headers: ClaimHeaders, interest: Interest): bool {
  const count = arrayOf(list, 0, MOST_HEADERS);
  if (count < 0) return false;
  headers.list = keepRecords<ClaimHeader>(count);
  if (headers.list === 0) return refuse(list, "needs more memory than the module may have");
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    const header = at<ClaimHeader>(headers.list, headers.count);
    if (!readClaimHeader(node, header, interest)) return false;
    for (let i = 0; i < headers.count; i++) {
      if (at<ClaimHeader>(headers.list, i).slot === header.slot)
        return refuse(node, "has a header that is listed already");
    }
    headers.count++;
  }
  return true;
}

function readClaimHeader(node: i32, header: ClaimHeader, interest: Interest): bool {
  if (!objectOf(node, "claim header")) return false;
  const claim = requiredMember(node, "claim");
  const name = requiredMember(node, "header");
  if (claim === NOWHERE || name === NOWHERE || !stringOf(claim, 1, 256) || !headerNameOf(name)) return false;
  header.claim = keepString(claim);
  header.name = keepString(name);
  header.slot = wantHeader(interest, stringStart(name), stringLength(name));
  if (header.slot < 0) return refuse(name, "is one header too many");
  compose(96);
  putLiteral("sluice.claim.");
  putText(header.name);
  header.key = keepComposed();
  return true;
}

/** Takes from a token what the headers say; false if a claim is there that no header can say. */
export function fillClaimHeaders(headers: ClaimHeaders, tape: usize): bool {
  for (let i = 0; i < headers.count; i++) {
    const header = at<ClaimHeader>(headers.list, i);
    const node = claimAt(tape, header.claim.start, header.claim.length, 0x20);
    if (!composeClaim(tape, node)) return false;
    header.value = claimTextStart;
    header.length = claimTextLength;
  }
  return true;
}

/** Removes what a client sent under these names, also from what conditions can see; false if the host does not. */
export function clearClaimHeaders(headers: ClaimHeaders): bool {
  for (let i = 0; i < headers.count; i++) {
    const header = at<ClaimHeader>(headers.list, i);
    const sent = attribute(header.slot);
    if (sent.presence === Presence.Absent) continue;
    sent.presence = Presence.Absent;
    if (!removeRequestHeader(header.name)) return false;
  }
  return true;
}

/** Leaves them in filter state, from which Envoy writes them; false if the host does not take that. */
export function tellClaims(headers: ClaimHeaders): bool {
  for (let i = 0; i < headers.count; i++) {
    const header = at<ClaimHeader>(headers.list, i);
    if (header.length === 0) continue;
    if (!setProperty(header.key.start, header.key.length, header.value, header.length)) return false;
  }
  return true;
}

/** Writes them; false if the host does not. */
export function writeClaims(headers: ClaimHeaders): bool {
  for (let i = 0; i < headers.count; i++) {
    const header = at<ClaimHeader>(headers.list, i);
    if (header.length > 0 && !setRequestHeader(header.name, header.value, header.length)) return false;
  }
  return true;
}
