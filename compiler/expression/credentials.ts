import type { ApplyNode, AttributeNode, ConstantNode, Typed } from "./tree.js";

/** Headers that carry nothing but credentials: RFC 9110, sections 11.6.2 and 11.7.2; RFC 6265, section 4.2; common use. */
const CREDENTIAL_HEADERS: ReadonlySet<string> = new Set([
  "authorization",
  "cookie",
  "proxy-authorization",
  "x-api-key",
]);

/** Words in the names of cookies that say who somebody is. */
const CREDENTIAL_COOKIE = /(?:^|[-_.])(?:auth|jwt|session|sessionid|sid|token)(?:$|[-_.])/i;

/** The scheme of an `authorization`, with something behind it: RFC 9110, section 11.4. */
const SCHEME_AND_SECRET = /^(?:basic|bearer)[ \t]+\S/i;

/** A credential that stands in an expression: the attribute that it is compared with, and where it stands. */
export interface WrittenCredential {
  readonly attribute: AttributeNode;
  readonly constant: ConstantNode;
}

/**
 * Texts that are credentials in the clear, as what they are compared with carries credentials.
 *
 * @param more further headers that carry them, in lower case
 */
export function credentialsIn(tree: Typed, more: ReadonlySet<string> = new Set()): WrittenCredential[] {
  if (tree.kind === "apply") return credentialOf(tree, more);
  switch (tree.kind) {
    case "not":
      return credentialsIn(tree.operand, more);
    case "and":
    case "or":
      return tree.operands.flatMap((operand) => credentialsIn(operand, more));
    case "choice":
      return [tree.condition, tree.yes, tree.no].flatMap((operand) => credentialsIn(operand, more));
    case "attribute":
    case "cidr":
    case "constant":
    case "has":
    case "matches":
      return [];
  }
}

function credentialOf({ operation, operands }: ApplyNode, more: ReadonlySet<string>): WrittenCredential[] {
  const attribute = operands.find((operand) => operand.kind === "attribute");
  const constant = operands.find((operand) => operand.kind === "constant");
  if (attribute === undefined || constant === undefined || !carriesCredentials(attribute, more)) return [];
  const values: readonly unknown[] = typeof constant.value === "object" ? constant.value : [constant.value];
  const isSecret = (text: unknown) => typeof text === "string" && text !== "" && isWhole(operation, text);
  return values.some(isSecret) ? [{ attribute, constant }] : [];
}

/**
 * True of an attribute whose value is a credential, or has one in it. What cookies are for nobody can tell, and most of them say who
 * somebody is.
 *
 * @param keys headers that keys are taken from, in lower case
 */
export function holdsCredentials(attribute: string, argument: string | undefined, keys: ReadonlySet<string>): boolean {
  if (attribute === "request.cookies") return true;
  return (
    attribute === "request.headers" &&
    argument !== undefined &&
    (CREDENTIAL_HEADERS.has(argument) || keys.has(argument))
  );
}

/** Words in the names of headers and query parameters that are for one pair of eyes. */
const SECRET_WORD =
  /(?:^|[-_.])(?:api-?key|apikey|auth|credentials?|jwt|key|otp|passw(?:or)?d|pwd|secret|session|sid|sig|signature|token)(?:$|[-_.])/i;

/** True of a value by a name that clients often send secrets under. */
export function mayHoldSecret(attribute: string, argument: string | undefined): boolean {
  const named = attribute === "request.headers" || attribute === "request.query";
  return named && argument !== undefined && SECRET_WORD.test(argument);
}

function carriesCredentials({ attribute, argument = "" }: AttributeNode, more: ReadonlySet<string>): boolean {
  if (attribute.name === "request.cookies") return CREDENTIAL_COOKIE.test(argument);
  return attribute.name === "request.headers" && (CREDENTIAL_HEADERS.has(argument) || more.has(argument));
}

/** What is equal to a credential is one; of its parts, only what stands behind a scheme. */
function isWhole(operation: ApplyNode["operation"], text: string): boolean {
  return ["==", "!=", "in"].includes(operation) || SCHEME_AND_SECRET.test(text);
}
