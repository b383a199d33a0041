import type { Section } from "./entry.js";

/** SL1125 to SL1143: types of XML Schema that a service uses. */
export const schemas = {
  SL1125: {
    severity: "error",
    message: "there is no form in JSON for {what}, which can hold anything",
    help: `JSON is made from the schema, which here says nothing of what is inside.

    <xsd:element name="result" type="xsd:anyType"/>      <!-- SL1125 -->
    <xsd:any/>                                           <!-- SL1125; with minOccurs="0" the warning SL1127 -->

Name the type that the service uses, in the copy of the schema that the policy has. Or leave out of the policy the operations that use it.`,
  },
  SL1126: {
    severity: "error",
    message: "mixed content has no form in JSON",
    help: `With \`mixed="true"\` text stands between elements, in an order that an object of JSON does not have.

If the service only sends elements there, remove the attribute from the copy of the schema.`,
  },
  SL1127: {
    severity: "warning",
    message: "left out are {what}: requests cannot have any, and an answer that has some gives 502",
    help: `The schema leaves room for extensions. What they are is not known, so nothing of them is passed on.

If the service sends some, name them in the copy of the schema that the policy has.`,
  },
  SL1128: {
    severity: "error",
    message: "the {what} `{name}` is abstract, so a message has another in its place",
    help: `Of an abstract type or element a message always has one that is derived from it (\`xsi:type\`, or a substitution group). JSON does not say
which.

Write the one that the service uses in its place, in the copy of the schema. Or leave out of the policy the operations that use it.`,
  },
  SL1129: {
    severity: "warning",
    message: "a message may have {others} in the place of the {what} `{name}`, and an answer that has gives 502",
    help: `Types that extend another may stand in its place, with \`xsi:type\`; elements of a substitution group stand in the place of its head. Only the
declared one is read and written.

If the service never sends another, silence the warning:

    <xsd:element name="shape" type="tns:Shape"/>   <!-- sluice-ignore: SL1129 only shapes are sent -->`,
  },
  SL1130: {
    severity: "error",
    message: "a repeated `{group}` of several elements loses its order in JSON",
    help: `An object of JSON has each member once, and an array the values of one member. What the order of \`a b a b\` or \`a a b\` was, it cannot say.

    <xsd:sequence maxOccurs="unbounded">                  <!-- SL1130 -->
      <xsd:element name="key" type="xsd:string"/>
      <xsd:element name="value" type="xsd:string"/>
    </xsd:sequence>

A group with one element can be repeated. If the service takes another order, repeat the elements in the copy of the schema, or the group
inside an element of its own.`,
  },
  SL1131: {
    severity: "error",
    message: "the {kind} `{name}` stands twice in one type",
    help: `Members of JSON are called as elements, without namespaces, so that two with one name are one member. The same holds for branches of a choice, and for
attributes.

    <xsd:sequence>
      <xsd:element name="note" type="xsd:string"/>
      <xsd:element name="id" type="xsd:int"/>
      <xsd:element name="note" type="xsd:string"/>        <!-- SL1131 -->
    </xsd:sequence>

Leave out of the policy the operations that use the type, or one of the two if it is optional.`,
  },
  SL1132: {
    severity: "error",
    message: "SOAP encoding is not supported, and {what} belongs to it",
    help: `Arrays of \`soapenc:Array\` and the types beside it come from rpc/encoded, which WS-I Basic Profile forbids.

    <xsd:complexType name="Partners">
      <xsd:sequence>
        <xsd:element name="partner" type="tns:Partner" minOccurs="0" maxOccurs="unbounded"/>
      </xsd:sequence>
    </xsd:complexType>`,
  },
  SL1133: {
    severity: "error",
    message: "`redefine` is not supported",
    help: `It changes types that another file defines, wherever these are used.

Write the changes into a copy of that file, and \`include\` it.`,
  },
  SL1134: {
    severity: "warning",
    message: "the pattern `{pattern}` {how}: {reason}",
    help: `Patterns are compiled to automata that read a value once. This one cannot be, so values are passed on whatever they are, and left to the
service. Classes such as \`\\w\` and \`\\d\` have hundreds of ranges in Unicode; where they make an automaton too large, they take every character
beyond ASCII.

    <xsd:pattern value="^[A-Z]{3}$"/>       <!-- SL1134: no anchors in XML Schema -->
    <xsd:pattern value="[A-Z]{3}"/>`,
  },
  SL1135: {
    severity: "error",
    message: "the facet `{facet}` does not fit: {reason}",
    help: `Lengths are for texts, binary values and lists; digits for decimal numbers; bounds for numbers, dates and times. Facets of a type hold together
with those of its base.

    <xsd:restriction base="xsd:int"><xsd:maxLength value="5"/></xsd:restriction>       <!-- SL1135 -->
    <xsd:restriction base="xsd:int"><xsd:totalDigits value="5"/></xsd:restriction>`,
  },
  SL1136: {
    severity: "error",
    message: "`{element}` is not possible {where}",
    help: `XML Schema 1.0 does not have it there. \`assert\`, \`alternative\` and \`openContent\` are of version 1.1, which is not read.`,
  },
  SL1137: {
    severity: "error",
    message: "`{what}` is made of itself, or of too many others in one another",
    help: `A type may have elements of its own type. It cannot extend itself, and a group or simple type cannot consist of itself: there would be no end. What is
derived more than 64 times in a row is refused too.`,
  },
  SL1138: {
    severity: "error",
    message: "there are more than {limit} in {what}",
    help: `The bounds keep a check short and the configuration small: 2000 members of one type, 200000 of all together, 4096 values of an enumeration.

Leave out of the policy the operations that use the type, or out of the copy of the schema what the service does not need.`,
  },
  SL1139: {
    severity: "error",
    message: "the type `{type}` is not supported",
    help: `Its values are names that a document type declares, which no message has.`,
  },
  SL1140: {
    severity: "error",
    message: "`{attribute}` is `{value}`; it must be {expected}",
    help: `The value is none that XML Schema has here.

    <xsd:element name="id" type="xsd:int" minOccurs="none"/>      <!-- SL1140 -->
    <xsd:element name="id" type="xsd:int" minOccurs="0"/>`,
  },
  SL1141: {
    severity: "error",
    message: "this combination of list and union is not supported: {reason}",
    help: `A list is an array of JSON, and its items are single values. A union is a text that fits one of its members, which are single values too.`,
  },
  SL1142: {
    severity: "warning",
    message: "`{facet}` of a type that comes from `{type}` is not checked",
    help: `Bounds are compared as numbers. Those of dates, times and durations are left to the service.`,
  },
  SL1143: {
    severity: "error",
    message: "the prefix of `{name}` is not declared",
    help: `A prefix stands for the namespace that \`xmlns:prefix\` gives, in the element itself or one around it.

    <xsd:element name="partner" type="p:Partner"/>                                  <!-- SL1143 -->
    <xsd:element name="partner" type="p:Partner" xmlns:p="urn:partners"/>`,
  },
} as const satisfies Section<"11">;
