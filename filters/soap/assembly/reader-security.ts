import {
  documentIsWrong,
  member,
  NOWHERE,
  objectOf,
  refuse,
  refuseMember,
  refuseQuoting,
  stringOf,
  stringStart,
} from "../../lib/document";
import { exists, keepRecord, none } from "../../lib/region";
import { compose, isLiteral, keepComposed, keepLiteral, keepText, putLiteral, putText, Text } from "../../lib/text";
import { utf8Valid } from "../../lib/utf8";
import { variableLength, variableOf } from "../../proxy-wasm/environment";
import { flagOf, integerOr, keepEscaped } from "./reader-values";
import { Security, Soap } from "./table";

// WS-Security 1.0 (OASIS 200401), Username Token Profile 1.0: everything of the header that is the same for all messages.

const DAY_SECONDS: i64 = 86400;
const LONGEST_REFERENCE: i32 = 1024;
const TOKEN_BYTES: i32 = 512;

/** Reads `security`; false, and a problem noted, if it is wrong. Without the member there is none. */
export function readSecurity(node: i32, soap: Soap): bool {
  if (node === NOWHERE) return true;
  if (!objectOf(node, "user password digest timestampSeconds")) return false;
  const security = keepRecord<Security>();
  security.digest = flagOf(node, "digest");
  security.timestampSeconds = integerOr(node, "timestampSeconds", 1, DAY_SECONDS, 0);
  const user = member(node, "user");
  const password = member(node, "password");
  if (documentIsWrong()) return false;
  if ((user === NOWHERE) !== (password === NOWHERE)) return refuse(node, "must have a user and a password, or neither");
  if (user === NOWHERE && security.digest) return refuseMember(node, "digest", "needs a user and a password");
  if (user !== NOWHERE && !readToken(user, password, security)) return false;
  if (user === NOWHERE && security.timestampSeconds === 0) return true;
  fillHeader(security);
  soap.security = security;
  return true;
}

function readToken(user: i32, password: i32, security: Security): bool {
  security.user = secretOf(user);
  security.password = secretOf(password);
  if (!exists(security.user) || !exists(security.password)) return false;
  const name = keepEscaped(user, security.user.start, security.user.length);
  const secret = keepEscaped(password, security.password.start, security.password.length);
  if (!exists(name) || !exists(secret)) return false;
  compose(name.length + secret.length + TOKEN_BYTES);
  putLiteral("<wsse:UsernameToken><wsse:Username>");
  putText(name);
  putLiteral('</wsse:Username><wsse:Password Type="');
  putLiteral("http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#Password");
  putLiteral(security.digest ? 'Digest">' : 'Text">');
  if (!security.digest) {
    putText(secret);
    putLiteral("</wsse:Password></wsse:UsernameToken>");
  }
  security.token = keepComposed();
  return true;
}

/** The value of the variable that `env:NAME` names; the missing text, and a problem, if there is none. No message tells anything of a value. */
function secretOf(node: i32): Text {
  if (!stringOf(node, 5, LONGEST_REFERENCE)) return none<Text>();
  if (!isLiteral(stringStart(node), 4, "env:")) return refuseSecret(node, "must begin with env:");
  const value = variableOf(node);
  if (value === 0) return none<Text>();
  const length = variableLength(value);
  if (!utf8Valid(value, length)) return refuseSecret(node, "the environment variable is not UTF-8:");
  return keepText(value, length);
}

function refuseSecret(node: i32, message: string): Text {
  refuseQuoting(node, message, node);
  return none<Text>();
}

function fillHeader(security: Security): void {
  compose(TOKEN_BYTES);
  putLiteral('<wsse:Security xmlns:wsse="');
  putLiteral("http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd");
  putLiteral('" xmlns:wsu="');
  putLiteral("http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd");
  putLiteral('" soap:mustUnderstand="1">');
  security.open = keepComposed();
  security.timestampOpen = keepLiteral("<wsu:Timestamp><wsu:Created>");
  security.timestampMiddle = keepLiteral("</wsu:Created><wsu:Expires>");
  security.timestampClose = keepLiteral("</wsu:Expires></wsu:Timestamp>");
  compose(TOKEN_BYTES);
  putLiteral('</wsse:Password><wsse:Nonce EncodingType="');
  putLiteral("http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary");
  putLiteral('">');
  security.tokenNonce = keepComposed();
  security.tokenCreated = keepLiteral("</wsse:Nonce><wsu:Created>");
  security.tokenClose = keepLiteral("</wsu:Created></wsse:UsernameToken>");
  security.close = keepLiteral("</wsse:Security>");
}
