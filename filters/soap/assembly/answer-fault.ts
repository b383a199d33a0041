import { byteFrom } from "../../lib/bytes";
import { at, exists, none } from "../../lib/region";
import { spaceEnd, trimmedEnd } from "../../lib/space";
import { Text, textIs } from "../../lib/text";
import { XML_END, XML_START, XML_TEXT, xmlNext, xmlPrefixNamespace, xmlTextLength, xmlTextStart } from "../../lib/xml";
import { readTree } from "./answer-content";
import { skipElement } from "./answer-header";
import { tagIs } from "./answer-names";
import { refuseXml, setAnswerFault } from "./answer-result";
import { AnswerNames, Fault, Operation } from "./table";

// Faults: whom they blame, and the detail if the operation declares it. What else they say stays here, as it may be a stack trace or the name of a
// host, and so does how well-made they are: a fault that is no good is a fault of the service.

let names: AnswerNames = none<AnswerNames>();
let soap: i32 = 0;
let blamesSender: bool = false;
let declared: Fault = none<Fault>();

/** Reads the fault whose start tag was read last, to its end; false, and the problem noted, if it is no XML or its declared detail does not fit. */
export function readFault(known: AnswerNames, namespace: i32, operation: Operation): bool {
  names = known;
  soap = namespace;
  blamesSender = false;
  declared = none<Fault>();
  while (true) {
    const event = xmlNext();
    if (event === XML_END) break;
    if (event === XML_TEXT) continue;
    if (event !== XML_START) return refuseXml(event);
    if (!readPart(operation)) return false;
  }
  setAnswerFault(declared);
  return true;
}

/** Whether the fault that was read last blames the request. */
export function faultBlamesSender(): bool {
  return blamesSender;
}

function readPart(operation: Operation): bool {
  if (soap === names.soap12) {
    if (tagIs(names.code12, soap)) return readCode();
    return tagIs(names.detail12, soap) ? readDetail(operation) : skipElement();
  }
  // Section 4.4 has them without a namespace; some services give them that of SOAP.
  if (tagIs(names.code11, 0) || tagIs(names.code11, soap)) return readBlame(names.client);
  return tagIs(names.detail11, 0) || tagIs(names.detail11, soap) ? readDetail(operation) : skipElement();
}

/** SOAP 1.2 part 1, section 5.4.1. Codes within it are the service's own. */
function readCode(): bool {
  while (true) {
    const event = xmlNext();
    if (event === XML_END) return true;
    if (event === XML_TEXT) continue;
    if (event !== XML_START) return refuseXml(event);
    if (!(tagIs(names.value12, soap) ? readBlame(names.sender) : skipElement())) return false;
  }
}

/** Reads a qualified name, as the prefixes in force where it stands say. Codes of SOAP 1.1 may go on after a point (section 4.4.1). */
function readBlame(sender: Text): bool {
  const event = xmlNext();
  if (event === XML_END) return true;
  if (event === XML_START) return skipElement() && skipElement();
  if (event !== XML_TEXT) return refuseXml(event);
  const start = spaceEnd(xmlTextStart(), xmlTextStart() + <usize>xmlTextLength());
  const end = trimmedEnd(start, xmlTextStart() + <usize>xmlTextLength());
  const colon = byteFrom(start, end, 0x3a);
  const local = colon === end ? start : colon + 1;
  const isOfSoap = colon === end || xmlPrefixNamespace(start, <i32>(colon - start)) === soap;
  blamesSender = isOfSoap && isCode(sender, local, end);
  return skipElement();
}

function isCode(code: Text, start: usize, end: usize): bool {
  const length = <i32>(end - start);
  if (length < code.length || !textIs(code, start, code.length)) return false;
  return length === code.length || byteFrom(start, end, 0x2e) === start + <usize>code.length;
}

/** The first child that the operation declares is taken. */
function readDetail(operation: Operation): bool {
  while (true) {
    const event = xmlNext();
    if (event === XML_END) return true;
    if (event === XML_TEXT) continue;
    if (event !== XML_START) return refuseXml(event);
    const fault = exists(declared) ? none<Fault>() : declaredFault(operation);
    if (!exists(fault)) {
      if (!skipElement()) return false;
      continue;
    }
    if (!readTree(fault.element, false)) return false;
    declared = fault;
  }
}

/** The fault of the element whose start tag was read last, or the missing record. */
function declaredFault(operation: Operation): Fault {
  for (let i = 0; i < operation.faultCount; i++) {
    const fault = at<Fault>(operation.faults, i);
    if (tagIs(fault.element.name, fault.element.namespace)) return fault;
  }
  return none<Fault>();
}
