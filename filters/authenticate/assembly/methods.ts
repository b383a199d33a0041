import { firstMember, memberValue, NOWHERE, nextMember, objectOf, refuse, stringIs } from "../../lib/document";
import { Interest } from "../../lib/interest";
import { exists } from "../../lib/region";
import { compose, keepComposed, putLiteral, putText, Text } from "../../lib/text";
import { hasApiKey, readApiKey, verifyApiKey } from "./api-key";
import { hasScheme } from "./authorization";
import { readBasic, verifyBasic } from "./basic";
import { Consumers } from "./consumers";
import { hasHmac, readHmac, verifyHmac } from "./hmac";
import { hasOpaqueToken, readIntrospect, verifyIntrospect } from "./introspect";
import { readJwt, verifyJwt } from "./jwt";
import { Method, MethodKind } from "./method";
import { hasMtls, readMtls, verifyMtls } from "./mtls";
import { Outcome } from "./outcome";

// The ways to say who one is: each stands in a file of its own, and in this one. Chains of `if` over a small number: a call by table would cost more.

/** Reads one of `anyOf`; false, and a problem noted, if it is wrong. */
export function readMethod(node: i32, method: Method, policy: Text, realm: Text, interest: Interest): bool {
  if (!objectOf(node, "apiKey basic hmac introspect jwt mtls")) return false;
  const kind = firstMember(node);
  if (kind === NOWHERE || nextMember(node, kind) !== NOWHERE) return refuse(node, "must be one method");
  if (!readKind(kind, memberValue(kind), method, policy, interest)) return false;
  compose(192);
  putLiteral(schemeOf(method));
  putLiteral(' realm="');
  putText(exists(method.realm) ? method.realm : realm);
  putLiteral('"');
  // RFC 7617, section 2.1.
  if (method.kind === MethodKind.Basic) putLiteral(', charset="UTF-8"');
  method.challenge = keepComposed();
  return true;
}

function readKind(kind: i32, body: i32, method: Method, policy: Text, interest: Interest): bool {
  if (stringIs(kind, "basic")) return readBasic(body, method, interest);
  if (stringIs(kind, "hmac")) return readHmac(body, method, interest);
  if (stringIs(kind, "introspect")) return readIntrospect(body, method, policy, interest);
  if (stringIs(kind, "jwt")) return readJwt(body, method, interest);
  if (stringIs(kind, "mtls")) return readMtls(body, method);
  return readApiKey(body, method, interest);
}

/** No scheme is registered for the others than `Basic` and `Bearer`: they tell clients what is looked for. */
function schemeOf(method: Method): string {
  if (method.kind === MethodKind.Basic) return "Basic";
  if (method.kind === MethodKind.Jwt || method.kind === MethodKind.Introspect) return "Bearer";
  if (method.kind === MethodKind.Hmac) return "Signature";
  return method.kind === MethodKind.Mtls ? "ClientCertificate" : "ApiKey";
}

/** Whether the request at hand has a credential for a method, good or bad. */
export function isPresented(method: Method): bool {
  if (method.kind === MethodKind.ApiKey) return hasApiKey(method);
  if (method.kind === MethodKind.Hmac) return hasHmac(method);
  if (method.sharesBearer !== 0)
    return hasScheme(method) && hasOpaqueToken(method) === (method.kind === MethodKind.Introspect);
  return method.kind === MethodKind.Mtls ? hasMtls(method) : hasScheme(method);
}

/** What comes of the credential for a method: whose it is, is in `finding.ts`. */
export function verify(method: Method, consumers: Consumers): Outcome {
  if (method.kind === MethodKind.ApiKey) return verifyApiKey(method, consumers.keys);
  if (method.kind === MethodKind.Basic) return verifyBasic(method, consumers);
  if (method.kind === MethodKind.Jwt) return verifyJwt(method, consumers);
  if (method.kind === MethodKind.Introspect) return verifyIntrospect(method, consumers);
  if (method.kind === MethodKind.Hmac) return verifyHmac(method, consumers.hmacKeys);
  if (method.kind === MethodKind.Mtls) return verifyMtls(method, consumers.sans);
  // There is no other; if there were, nobody would be let in by it.
  return Outcome.UnknownCredential;
}
