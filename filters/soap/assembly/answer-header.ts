import { exists } from "../../lib/region";
import { textIs } from "../../lib/text";
import {
  XML_END,
  XML_START,
  XML_TEXT,
  xmlAttributeCount,
  xmlAttributeNamespace,
  xmlNamespace,
  xmlNext,
  xmlNextTag,
} from "../../lib/xml";
import { attributeAt } from "../../lib/xml-attributes";
import { attributeIs, attributeTruth, findAttribute } from "./answer-attributes";
import { tagIs } from "./answer-names";
import { Answered, refuseAnswer, refuseXml } from "./answer-result";
import { AnswerNames } from "./table";

// What stands around the body's child: attributes of the envelope, and headers. Headers say nothing to the client; those that must be understood
// are those of WS-Addressing, which was asked for, and of WS-Security, whose timestamp and signature are the transport's business here.

/** Attributes of the envelope, the header and the body: of other namespaces, but for the encoding of SOAP (SOAP 1.1 section 4.1.1). */
export function areSoapAttributes(names: AnswerNames, soap: i32): bool {
  for (let i = 0; i < xmlAttributeCount(); i++) {
    const namespace = xmlAttributeNamespace(i);
    const attribute = attributeAt(i);
    const isEncoding = namespace === soap && textIs(names.encodingStyle, attribute.local, attribute.localLength);
    if (namespace === 0 || isEncoding) return refuseAnswer(Answered.Envelope);
  }
  return true;
}

/** Reads the header whose start tag was read last, to its end. */
export function readHeader(names: AnswerNames, soap: i32): bool {
  if (!areSoapAttributes(names, soap)) return false;
  while (true) {
    const event = xmlNextTag();
    if (event === XML_END) return true;
    if (event === XML_TEXT) return refuseAnswer(Answered.Text);
    if (event !== XML_START) return refuseXml(event);
    if (!isUnderstood(names, soap) || !skipElement()) return false;
  }
}

function isUnderstood(names: AnswerNames, soap: i32): bool {
  const mark = findAttribute(names.mustUnderstand, soap);
  if (!exists(mark)) return true;
  const truth = attributeTruth(mark);
  if (truth < 0) return refuseAnswer(Answered.Envelope);
  if (truth === 0 || !isForUs(names, soap)) return true;
  const namespace = xmlNamespace();
  if (namespace === names.addressing || namespace === names.oldAddressing) return true;
  return tagIs(names.securityHeader, names.security) || refuseAnswer(Answered.NotUnderstood);
}

/** Whether a header is for the one that the whole answer is for (SOAP 1.1 section 4.2.2, SOAP 1.2 part 1 section 2.2). */
function isForUs(names: AnswerNames, soap: i32): bool {
  const role = findAttribute(soap === names.soap11 ? names.actor : names.role, soap);
  if (!exists(role) || role.valueLength === 0) return true;
  if (attributeIs(role, names.next11) || attributeIs(role, names.next12)) return true;
  return attributeIs(role, names.ultimate);
}

/** Passes over the element whose start tag was read last. */
export function skipElement(): bool {
  let inside = 1;
  while (inside > 0) {
    const event = xmlNext();
    if (event === XML_START) inside++;
    else if (event === XML_END) inside--;
    else if (event !== XML_TEXT) return refuseXml(event);
  }
  return true;
}
