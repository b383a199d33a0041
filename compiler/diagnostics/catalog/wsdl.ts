import type { Section } from "./entry.js";
import { schemas } from "./schemas.js";

/** SL110x to SL112x: WSDL files, and what they say of a service. Those about types are in `schemas.ts`. */
export const wsdl = {
  ...schemas,
  SL1101: {
    severity: "error",
    message: "this is no well-formed XML: {reason}",
    help: `A WSDL or schema is XML 1.0 in UTF-8, with the namespaces that its prefixes name. The place is where reading stopped; what is wrong may
stand a little before it.

    <xsd:element name="id" type="xsd:int">        <!-- SL1101: never closed -->
    <xsd:element name="id" type="xsd:int"/>

Only the five entities of XML (\`&lt;\`, \`&gt;\`, \`&amp;\`, \`&quot;\`, \`&apos;\`) and numbers of characters are known.`,
  },
  SL1102: {
    severity: "error",
    message: "a document type declaration is refused",
    help: `\`<!DOCTYPE\` can define entities that grow without bound or lead to other files. No WSDL needs one.

Remove it, and write out the entities that it defines.`,
  },
  SL1103: {
    severity: "error",
    message: "there are more than {limit} {what}",
    help: `The bound keeps a check short, whatever it is given: 4194304 characters and 200000 elements of one file, 128 elements in one another, 256 files of
one service.

Leave out of the files what the service does not need.`,
  },
  SL1104: {
    severity: "error",
    message: "there is no file `{path}`",
    help: `\`location\` of \`wsdl:import\` and \`schemaLocation\` of \`xsd:import\` and \`xsd:include\` are paths from the file on in which they stand.

    <xsd:import namespace="urn:types" schemaLocation="types.xsd"/>       <!-- SL1104 if it lies in schemas/ -->
    <xsd:import namespace="urn:types" schemaLocation="schemas/types.xsd"/>

Save the file where the path says, or write the path where it is.`,
  },
  SL1105: {
    severity: "error",
    message: "`{location}` is not read: {reason}",
    help: `A policy is compiled from files in its folder and those below it, the same on every machine. Nothing is fetched, no link and no \`..\` leads
out of the folder.

    <xsd:import namespace="urn:types" schemaLocation="http://crm.example.com/crm?xsd=1"/>      <!-- SL1105 -->
    <xsd:import namespace="urn:types" schemaLocation="crm-types.xsd"/>

Save what the address gives (\`curl -o crm-types.xsd 'http://crm.example.com/crm?xsd=1'\`), and write its name instead.`,
  },
  SL1106: {
    severity: "error",
    message: "the file begins with {found}, and {expected} is needed",
    help: `\`wsdl\` of a policy and \`wsdl:import\` name a WSDL 1.1, \`xsd:import\` and \`xsd:include\` an XML Schema.

A WSDL 2.0 (\`description\` of \`http://www.w3.org/ns/wsdl\`) is not read: ask the service for its WSDL 1.1, most often at \`?wsdl\`. A page of HTML was saved
where the address wanted a login.`,
  },
  SL1107: {
    severity: "error",
    message: "`{path}` has the target namespace {found}, and {expected} is expected",
    help: `\`xsd:import\` names the namespace of the schema that it imports. \`xsd:include\` takes schemas of the same namespace, or of none, which then
belong to it.

    <xsd:import namespace="urn:orders" schemaLocation="partners.xsd"/>     <!-- SL1107 if that has targetNamespace="urn:partners" -->
    <xsd:import namespace="urn:partners" schemaLocation="partners.xsd"/>`,
  },
  SL1108: {
    severity: "error",
    message: "there is no SOAP port to call: {found}",
    help: `A policy calls a \`wsdl:port\` of a \`wsdl:service\`, whose binding has \`soap:binding\` of SOAP 1.1 or 1.2. Bindings for plain HTTP
(GET and POST) have none.

    <wsdl:service name="Partners">
      <wsdl:port name="PartnersSoap" binding="tns:PartnersSoap">
        <soap:address location="http://crm.example.com/partners"/>
      </wsdl:port>
    </wsdl:service>

Often one file has types and operations, and a second one, which imports it, the service: \`wsdl\` of the policy names the second.`,
  },
  SL1109: {
    severity: "error",
    message: "the WSDL has no {what} `{name}`{hint}; it has {known}",
    help: `\`service\` and \`port\` of a policy choose among those of the WSDL. Without them it is the first SOAP port.

    crm-as-rest: { soap: { wsdl: crm.wsdl, port: PartnersSoap21 } }         # SL1109
    crm-as-rest: { soap: { wsdl: crm.wsdl, port: PartnersSoap12 } }`,
  },
  SL1111: {
    severity: "error",
    message: "there is no {what} `{name}` {where}{hint}",
    help: `A name refers to something that none of the files defines. Names are told apart by letter case and by namespace: the prefix of a name stands for the
namespace that \`xmlns:prefix\` gives, and a name without prefix is in the one that \`xmlns\` gives.

    <xsd:element name="partner" type="tns:Partnr"/>       <!-- SL1111: did you mean \`Partner\`? -->
    <xsd:element name="partner" type="tns:Partner"/>

Where it stands in another file, that has to be imported: \`<xsd:import namespace="..." schemaLocation="file.xsd"/>\`.`,
  },
  SL1112: {
    severity: "error",
    message: "the {what} `{name}` is defined twice",
    help: `Nothing says which of the two is meant. Often two files are copies of one another, under two names.

Remove one of them. Faults of one operation have names of their own too.`,
  },
  SL1113: {
    severity: "error",
    message: "`{element}` needs `{attribute}`",
    help: `Without it the element says nothing.

    <wsdl:port name="PartnersSoap"/>                                      <!-- SL1113: needs \`binding\` -->
    <wsdl:port name="PartnersSoap" binding="tns:PartnersSoap"> ... </wsdl:port>`,
  },
  SL1114: {
    severity: "error",
    message: "there are two operations `{name}`",
    help: `A policy names operations, so a name that two of them share (an overload) names neither. WS-I Basic Profile 1.1 forbids it too.

Give the second one another name in the copy of the WSDL that the policy has: the name is no part of messages in document/literal, only their elements are.`,
  },
  SL1115: {
    severity: "error",
    message: "the port has no operation `{name}`{hint}; it has {known}",
    help: `\`operations\` of a policy names operations of the binding of the port, and these are operations of its port type.

    crm-as-rest: { soap: { wsdl: crm.wsdl, operations: { GetPartners: GET /partners } } }      # SL1115
    crm-as-rest: { soap: { wsdl: crm.wsdl, operations: { ListPartners: GET /partners } } }`,
  },
  SL1116: {
    severity: "error",
    message: 'only `use="literal"` is supported, and this is {style}',
    help: `SOAP encoding says in each message what its types are, and lets messages refer to parts of themselves. WS-I Basic Profile has
forbidden it since 2004.

Most tools can serve document/literal or rpc/literal beside it. Or leave this operation out of the policy.`,
  },
  SL1117: {
    severity: "error",
    message: "the parts of this message do not fit: {reason}",
    help: `In document/literal the Body holds the element of one part. In rpc/literal each part has a type, and the wrapper is made from the operation. The
message of a fault has one part with an element.

    <wsdl:part name="parameters" element="tns:GetPartner"/>      <!-- document -->
    <wsdl:part name="id" type="xsd:int"/>                        <!-- rpc -->

Parts that are sent as headers are not in the Body: \`<soap:body use="literal" parts="parameters"/>\`.`,
  },
  SL1118: {
    severity: "error",
    message: "the service requires the SOAP header `{part}`, and Sluice does not send it",
    help: `The binding says \`wsdl:required="true"\` of this header. Of headers a policy sends those of WS-Security and of WS-Addressing.

If the service does without it, remove the attribute from the copy of the WSDL; then this is the warning SL1119.`,
  },
  SL1119: {
    severity: "warning",
    message: "the SOAP header `{part}` is not sent",
    help: `The binding lists the header, and does not say whether the service needs it. Of headers a policy sends those of WS-Security (\`security\`) and of
WS-Addressing. A service that wants this one answers with a fault.`,
  },
  SL1120: {
    severity: "error",
    message: "`{operation}` has attachments, which are not supported",
    help: `Messages with attachments (MIME, DIME) have several parts, of which JSON has only one. What is in \`xsd:base64Binary\` inside the message is a text
in base64.

Leave this operation out of the policy.`,
  },
  SL1121: {
    severity: "error",
    message: "`{name}` is an operation that the service begins (a notification)",
    help: `An operation begins with its \`wsdl:input\`, and may have a \`wsdl:output\` behind it. One with the output first, or alone, is called by the
service; nobody can call it by HTTP.

Leave this operation out of the policy.`,
  },
  SL1122: {
    severity: "error",
    message: "the transport `{transport}` is not HTTP",
    help: `Requests go to the service by HTTP, as \`transport="http://schemas.xmlsoap.org/soap/http"\` of its \`soap:binding\` says. JMS and SMTP are not
supported.

Choose another port of the WSDL with \`port\`.`,
  },
  SL1123: {
    severity: "error",
    message: "the address `{address}` is no `http` or `https` URL",
    help: `Its path is where requests go; the host is that of the service in the policy, whatever the WSDL says.

    <soap:address location="REPLACE_WITH_ACTUAL_URL"/>                    <!-- SL1123 -->
    <soap:address location="http://crm.example.com/services/partners"/>`,
  },
  SL1124: {
    severity: "warning",
    message: "the WSDL asks for {what}, {advice}",
    help: `A WS-Policy of the WSDL says what the service wants of messages. \`security\` of a policy adds a UsernameToken and a Timestamp; signatures, encryption
and other tokens are not supported, and a service that insists on them answers with a fault.

    security: { usernameToken: { user: env:CRM_USER, password: env:CRM_PASSWORD } }`,
  },
} as const satisfies Section<"11">;
