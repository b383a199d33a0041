import { createPublicKey } from "node:crypto";
import type { Edit } from "../../../compiler/diagnostics/diagnostic.js";
import { diagnose, type Fix } from "../../../compiler/diagnostics/diagnostic.js";
import { nearest } from "../../../compiler/diagnostics/suggest.js";
import type { JsonObject } from "../../../compiler/plan/plan.js";
import type { PolicyContext } from "../../../compiler/policy/kind.js";
import type { ListNode, MapNode, Node } from "../../../compiler/syntax/document.js";
import { removal, removeEntry, removeItem } from "../../../compiler/syntax/edits.js";
import { ALGORITHMS, type Algorithm, CURVES, isAlgorithm, type KeyType, keyTypeOf } from "./jwt-algorithms.js";
import { weaknessOf } from "./rsa-weakness.js";

/** A key as the modules read it, and what it is for. */
export interface JwtKey {
  /** What is verified by it; of an RSA key without `alg`, any of its type. */
  algorithms: readonly Algorithm[];
  kid: string | undefined;
  config: JsonObject;
  node: Node;
}

const REFERENCE = /^env:[A-Za-z_][A-Za-z0-9_]{0,127}$/;
/** RFC 7518, sections 6.2.2 and 6.3.2. */
const PRIVATE = ["d", "p", "q", "dp", "dq", "qi", "oth"];
const LONGEST_KID = 256;

/** The keys of a set; undefined after an error was reported. Those that encrypt are passed over. */
export function readKeySet(list: ListNode, context: PolicyContext): JwtKey[] | undefined {
  const keys: JwtKey[] = [];
  let sound = true;
  for (const [index, node] of list.items.entries()) {
    const read = readKey(node, () => removeItem(list, index), context);
    if (read === "wrong") sound = false;
    else if (read !== "passed over") keys.push(read);
  }
  return sound ? keys : undefined;
}

type Removes = () => Edit[] | undefined;

function readKey(node: Node, removes: Removes, context: PolicyContext): JwtKey | "wrong" | "passed over" {
  if (node.kind !== "map") return refuse(node, "it is no mapping", removes, context);
  if (!verifies(node)) return "passed over";
  if (PRIVATE.some((name) => member(node, name) !== undefined)) return refusePrivate(node, context);
  const type = textOf(node, "kty");
  if (type !== "RSA" && type !== "EC" && type !== "oct")
    return refuse(member(node, "kty") ?? node, "its `kty` is none of RSA, EC and oct", removes, context);
  const kid = member(node, "kid");
  const name = kid?.kind === "scalar" && typeof kid.value === "string" ? kid.value : undefined;
  if (kid !== undefined && (name === undefined || name === "" || Buffer.byteLength(name) > LONGEST_KID))
    return refuse(kid, `its \`kid\` is no text of up to ${LONGEST_KID} bytes`, removes, context);
  const alg = member(node, "alg");
  const algorithm = alg?.kind === "scalar" ? alg.value : undefined;
  if (alg !== undefined && !isAlgorithm(algorithm)) {
    reportAlgorithm(alg, String(algorithm), removal("remove the key", false, removes()), context);
    return "wrong";
  }
  const pinned = isAlgorithm(algorithm) ? algorithm : undefined;
  if (alg !== undefined && pinned !== undefined && keyTypeOf(pinned) !== type)
    return refuse(alg, `\`${pinned}\` is not for keys of the type ${type}`, removes, context);
  const parts = readParts(type, node, pinned);
  if (typeof parts === "string") return refuse(node, parts, removes, context);
  if (parts === undefined) {
    context.report(diagnose("SL0493", {}, (member(node, "k") ?? node).span));
    return "wrong";
  }
  const named = name === undefined ? {} : { kid: name };
  return { algorithms: parts.algorithms, kid: name, config: { kty: type, ...named, ...parts.config }, node };
}

/** An algorithm that there is not, with the nearest one that there is. */
export function reportAlgorithm(node: Node, algorithm: string, more: { fix?: Fix }, context: PolicyContext): void {
  const near = algorithm === "none" ? undefined : nearest(algorithm, ALGORITHMS);
  const hint = near === undefined ? "" : `; did you mean \`${near}\`?`;
  context.report(diagnose("SL0494", { algorithm, hint }, node.span, more));
}

function refuse(node: Node, why: string, removes: Removes, context: PolicyContext): "wrong" {
  context.report(diagnose("SL0491", { why }, node.span, removal("remove the key", false, removes())));
  return "wrong";
}

/** What only its owner may know can be taken out; the key is known all the same. */
function refusePrivate(node: MapNode, context: PolicyContext): "wrong" {
  const [first = "d", ...more] = PRIVATE.filter((name) => member(node, name) !== undefined);
  const span = member(node, first)?.span ?? node.span;
  // Edits of one place after the other would overlap where the last of several goes.
  const edits = more.length === 0 ? removeEntry(node, first) : undefined;
  context.report(diagnose("SL0492", {}, span, removal("keep the public part only", false, edits)));
  return "wrong";
}

/** Whether neither `use` nor `key_ops` says that it is for something else (RFC 7517, sections 4.2 and 4.3). */
function verifies(node: MapNode): boolean {
  const use = member(node, "use");
  if (use !== undefined && textOf(node, "use") !== "sig") return false;
  const operations = member(node, "key_ops");
  if (operations === undefined) return true;
  return (
    operations.kind === "list" &&
    operations.items.some((item) => item.kind === "scalar" && ["verify", "sign"].includes(String(item.value)))
  );
}

interface Parts {
  algorithms: readonly Algorithm[];
  config: JsonObject;
}

/** What a key is made of; or why it cannot be used, or nothing for a secret that is written out. */
function readParts(type: KeyType, node: MapNode, pinned: Algorithm | undefined): Parts | string | undefined {
  switch (type) {
    case "RSA":
      return rsaParts(textOf(node, "n"), textOf(node, "e"), pinned);
    case "EC":
      return ecParts(textOf(node, "crv"), textOf(node, "x"), textOf(node, "y"), pinned);
    case "oct": {
      const k = textOf(node, "k");
      const alg = pinned ?? "HS256";
      if (k === undefined) return "its `k` is missing";
      return REFERENCE.test(k) ? { algorithms: [alg], config: { alg, k } } : undefined;
    }
  }
}

function rsaParts(n: string | undefined, e: string | undefined, pinned: Algorithm | undefined): Parts | string {
  const modulus = bytesOf(n);
  const exponent = bytesOf(e);
  if (modulus === undefined || exponent === undefined || n === undefined || e === undefined)
    return "its `n` or `e` is missing, or is no base64url without padding";
  const weakness = weaknessOf(modulus, exponent);
  if (weakness !== undefined) return weakness;
  const algorithms = pinned === undefined ? ALGORITHMS.filter((one) => keyTypeOf(one) === "RSA") : [pinned];
  return { algorithms, config: { ...(pinned === undefined ? {} : { alg: pinned }), n, e } };
}

function ecParts(
  crv: string | undefined,
  x: string | undefined,
  y: string | undefined,
  pinned: Algorithm | undefined,
): Parts | string {
  if (crv !== "P-256" && crv !== "P-384") return "its `crv` is none of P-256 and P-384";
  const { bytes, algorithm } = CURVES[crv];
  if (pinned !== undefined && pinned !== algorithm) return `\`${pinned}\` is not for the curve ${crv}`;
  if (bytesOf(x)?.length !== bytes || bytesOf(y)?.length !== bytes || x === undefined || y === undefined)
    return `its \`x\` or \`y\` is missing, or is no base64url of ${bytes} bytes`;
  if (!isOnCurve(crv, x, y)) return "its point is not on the curve";
  return { algorithms: [algorithm], config: { alg: algorithm, crv, x, y } };
}

function isOnCurve(crv: string, x: string, y: string): boolean {
  try {
    createPublicKey({ key: { kty: "EC", crv, x, y }, format: "jwk" });
    return true;
  } catch {
    return false;
  }
}

/** The bytes of canonical base64url; undefined for anything else. */
export function bytesOf(text: string | undefined): Buffer | undefined {
  if (text === undefined || text === "") return undefined;
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : undefined;
}

export function member(node: Node | undefined, name: string): Node | undefined {
  return node?.kind === "map" ? node.entries.find(({ key }) => key.value === name)?.value : undefined;
}

function textOf(node: MapNode, name: string): string | undefined {
  const found = member(node, name);
  return found?.kind === "scalar" && typeof found.value === "string" ? found.value : undefined;
}
