import { exists, keepRecord, pointerAt } from "../../lib/region";
import { addName, findName, newNameTable } from "../../lib/table";
import { keepLiteral, Text, textIs } from "../../lib/text";
import { xmlLocalLength, xmlLocalStart, xmlNamespace } from "../../lib/xml";
import { AnswerNames, Soap } from "./table";

// Names that answers have beside those of the types: of SOAP, of WS-Addressing and WS-Security, of XML Schema's own attributes.

const MORE: i32 = 7;

/** Makes `soap.answers`, once its namespaces are read; false without memory. */
export function nameAnswers(soap: Soap): bool {
  const names = keepRecord<AnswerNames>();
  soap.answers = names;
  names.known = newNameTable(soap.namespaceCount + MORE, true);
  if (!exists(names.known)) return false;
  for (let i = 0; i < soap.namespaceCount; i++) addName(names.known, pointerAt<Text>(soap.namespaces, i), i + 1);
  nameNamespaces(names, soap.namespaceCount + 1);
  nameLocals(names);
  nameAttributes(names);
  return true;
}

function nameNamespaces(names: AnswerNames, free: i32): void {
  names.soap11 = numberOf(names, "http://schemas.xmlsoap.org/soap/envelope/", free);
  names.soap12 = numberOf(names, "http://www.w3.org/2003/05/soap-envelope", free + 1);
  names.instance = numberOf(names, "http://www.w3.org/2001/XMLSchema-instance", free + 2);
  names.xml = numberOf(names, "http://www.w3.org/XML/1998/namespace", free + 3);
  names.addressing = numberOf(names, "http://www.w3.org/2005/08/addressing", free + 4);
  names.oldAddressing = numberOf(names, "http://schemas.xmlsoap.org/ws/2004/08/addressing", free + 5);
  names.security = numberOf(
    names,
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
    free + 6,
  );
}

/** The number that a namespace has already, if the policy has it too, or a new one. */
function numberOf(names: AnswerNames, uri: string, free: i32): i32 {
  const text = keepLiteral(uri);
  return addName(names.known, text, free) ? free : findName(names.known, text.start, text.length);
}

function nameLocals(names: AnswerNames): void {
  names.envelope = keepLiteral("Envelope");
  names.header = keepLiteral("Header");
  names.body = keepLiteral("Body");
  names.fault = keepLiteral("Fault");
  names.code11 = keepLiteral("faultcode");
  names.detail11 = keepLiteral("detail");
  names.code12 = keepLiteral("Code");
  names.value12 = keepLiteral("Value");
  names.detail12 = keepLiteral("Detail");
  names.client = keepLiteral("Client");
  names.sender = keepLiteral("Sender");
  names.securityHeader = keepLiteral("Security");
  names.value = keepLiteral('"$value":');
}

function nameAttributes(names: AnswerNames): void {
  names.mustUnderstand = keepLiteral("mustUnderstand");
  names.actor = keepLiteral("actor");
  names.role = keepLiteral("role");
  names.next11 = keepLiteral("http://schemas.xmlsoap.org/soap/actor/next");
  names.next12 = keepLiteral("http://www.w3.org/2003/05/soap-envelope/role/next");
  names.ultimate = keepLiteral("http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver");
  names.encodingStyle = keepLiteral("encodingStyle");
  names.nil = keepLiteral("nil");
  names.type = keepLiteral("type");
  names.schemaLocation = keepLiteral("schemaLocation");
  names.noNamespaceSchemaLocation = keepLiteral("noNamespaceSchemaLocation");
}

/** Whether the start tag that was read last is of an element with this name. */
export function tagIs(name: Text, namespace: i32): bool {
  return xmlNamespace() === namespace && textIs(name, xmlLocalStart(), xmlLocalLength());
}
