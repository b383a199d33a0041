import { hasControlCharacter, hexDecode, isVisibleAscii } from "../../lib/bytes";
import {
  arrayOf,
  firstElement,
  identityOf,
  keepString,
  member,
  memberValue,
  NOWHERE,
  nextElement,
  objectOf,
  onlyMember,
  refuse,
  refuseQuoting,
  requiredMember,
  stringIs,
  stringLength,
  stringOf,
  stringStart,
} from "../../lib/document";
import { JSON_STRING, jsonLength, jsonStart, jsonType } from "../../lib/json-tape";
import { NO_CLAIM } from "../../lib/jwt";
import {
  addressOf,
  at,
  exists,
  indexAt,
  keepPointers,
  keepRecord,
  keepRecords,
  none,
  setPointer,
} from "../../lib/region";
import { sha256 } from "../../lib/sha256";
import { addName, findName, NameTable, newNameTable } from "../../lib/table";
import {
  compose,
  composed,
  composedLength,
  composedStart,
  hasByte,
  isLiteral,
  keepComposed,
  put,
  putByte,
  putText,
  Text,
} from "../../lib/text";
import { utf8Characters } from "../../lib/utf8";
import { variableLength, variableOf } from "../../proxy-wasm/environment";
import { newSanTable, readCertificate, SanTable } from "./certificates";
import { finishHmacKeys, HmacKeys, newHmacKeys, readHmacKey } from "./hmac-keys";
import { addKey, KeyTable, newKeyTable } from "./key-table";
import { LEAST_ROUNDS, readVerifier, Verifier } from "./verifier";

const MOST_CONSUMERS: i32 = 65535;
const MOST_CREDENTIALS: i32 = 131072;
const MOST_CREDENTIALS_EACH: i32 = 64;
const MOST_GROUPS: i32 = 64;
/** Characters of the longest user. */
const LONGEST_USER: i32 = 128;

/** The longest key a request may present, in bytes. */
export const LONGEST_KEY: i32 = 4096;

/** Who may call. Tier and groups may be missing. */
@unmanaged
export class Consumer {
  name: Text = none<Text>();
  tier: Text = none<Text>();
  groupCount: i32 = 0;
  /** Array of addresses of Text. */
  groups: usize = 0;
  /** The groups with commas between them. */
  groupsJoined: Text = none<Text>();
}

/** Who may call, by what they show. */
@unmanaged
export class Consumers {
  keys: KeyTable = none<KeyTable>();
  /** Indices into `list`, by issuer and subject. */
  subjects: NameTable = none<NameTable>();
  count: i32 = 0;
  /** Array of Consumer, in the order of the configuration. */
  list: usize = 0;
  sans: SanTable = none<SanTable>();
  hmacKeys: HmacKeys = none<HmacKeys>();
  /** Users of `basic`: addresses of Verifier. */
  users: NameTable = none<NameTable>();
  /** The most rounds that a verifier of them has. */
  rounds: i32 = 0;
}

const DIGEST: usize = memory.data(32, 8);

/** Reads the list of consumers. The missing record, and a problem noted, if it is wrong. */
export function readConsumers(list: i32): Consumers {
  const count = arrayOf(list, 0, MOST_CONSUMERS);
  const credentials = count < 0 ? -1 : countCredentials(list);
  if (credentials < 0) return none<Consumers>();
  const known = keepRecord<Consumers>();
  known.keys = newKeyTable(credentials - sanCount - hmacCount - users);
  known.users = newNameTable(users, true);
  known.rounds = LEAST_ROUNDS;
  known.sans = newSanTable(sanCount);
  known.hmacKeys = newHmacKeys(hmacCount);
  const names = newNameTable(count, false);
  const consumers = keepRecords<Consumer>(count);
  known.subjects = newNameTable(credentials, true);
  known.list = consumers;
  known.count = count;
  if (!exists(known.keys) || !exists(known.sans) || !exists(known.hmacKeys)) return none<Consumers>();
  if (!exists(known.users)) return none<Consumers>();
  if (!exists(known.subjects) || !exists(names) || consumers === 0) return none<Consumers>();
  let index = 0;
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (!readConsumer(node, at<Consumer>(consumers, index), names, known)) return none<Consumers>();
    index++;
  }
  finishHmacKeys(known.hmacKeys);
  return known;
}

// Of the credentials that were counted last, those of each kind that has a table of its own.
let sanCount: i32 = 0;
let hmacCount: i32 = 0;
/** How many of the credentials that were counted last are of `basic`. */
let users: i32 = 0;

/** The number of credentials in all, or -1; also checks the shape of each consumer. */
function countCredentials(list: i32): i32 {
  let count = 0;
  sanCount = 0;
  hmacCount = 0;
  users = 0;
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (!objectOf(node, "name tier groups credentials")) return -1;
    const credentials = requiredMember(node, "credentials");
    if (credentials === NOWHERE) return -1;
    const length = arrayOf(credentials, 0, MOST_CREDENTIALS_EACH);
    if (length < 0) return -1;
    count += length;
    for (let item = firstElement(credentials); item !== NOWHERE; item = nextElement(credentials, item)) {
      if (!objectOf(item, "apiKey basic certificate hmac jwt")) return -1;
      if (member(item, "certificate") !== NOWHERE) sanCount++;
      if (member(item, "hmac") !== NOWHERE) hmacCount++;
      if (member(item, "basic") !== NOWHERE) users++;
    }
  }
  if (count <= MOST_CREDENTIALS) return count;
  refuse(list, "have too many credentials");
  return -1;
}

function readConsumer(node: i32, consumer: Consumer, names: NameTable, known: Consumers): bool {
  const name = requiredMember(node, "name");
  if (name === NOWHERE || !identityOf(name)) return false;
  consumer.name = keepString(name);
  if (!addName(names, consumer.name, 0)) return refuseQuoting(name, "there already is a consumer", name);
  const tier = member(node, "tier");
  if (tier !== NOWHERE) {
    if (!identityOf(tier)) return false;
    consumer.tier = keepString(tier);
  }
  const groups = member(node, "groups");
  if (groups !== NOWHERE && !readGroups(groups, consumer)) return false;
  const credentials = member(node, "credentials");
  for (let item = firstElement(credentials); item !== NOWHERE; item = nextElement(credentials, item)) {
    if (!readCredential(item, consumer, known)) return false;
  }
  return true;
}

function readGroups(list: i32, consumer: Consumer): bool {
  const count = arrayOf(list, 0, MOST_GROUPS);
  if (count < 0) return false;
  if (count === 0) return true;
  consumer.groups = keepPointers(count);
  if (consumer.groups === 0) return refuse(list, "needs more memory than the module may have");
  compose(MOST_GROUPS * 257);
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (!identityOf(node)) return false;
    const group = keepString(node);
    if (consumer.groupCount > 0) putByte(0x2c);
    putText(group);
    setPointer(consumer.groups, consumer.groupCount, group);
    consumer.groupCount++;
  }
  consumer.groupsJoined = keepComposed();
  return true;
}

function readCredential(node: i32, consumer: Consumer, known: Consumers): bool {
  const kind = onlyMember(node);
  if (kind === NOWHERE) return false;
  if (stringIs(kind, "jwt")) return readSubject(memberValue(kind), consumer, known);
  const key = memberValue(kind);
  if (stringIs(kind, "basic")) return readUser(key, consumer, known);
  if (stringIs(kind, "certificate")) return readCertificate(key, consumer, known.sans);
  if (stringIs(kind, "hmac")) return readHmacKey(key, consumer, known.hmacKeys);
  if (!stringOf(key, 5, 1024)) return false;
  if (!digestOf(key)) return false;
  return addKey(known.keys, DIGEST, consumer) || refuse(key, "is a key that a consumer already has");
}

const LONGEST_SUBJECT: i32 = 1024;

/** Who somebody is to an issuer, or to any issuer. */
function readSubject(node: i32, consumer: Consumer, known: Consumers): bool {
  if (!objectOf(node, "subject issuer")) return false;
  const subject = requiredMember(node, "subject");
  if (subject === NOWHERE || !subjectOf(subject)) return false;
  const issuer = member(node, "issuer");
  if (issuer !== NOWHERE && !subjectOf(issuer)) return false;
  compose(2 * LONGEST_SUBJECT + 1);
  if (issuer !== NOWHERE) put(stringStart(issuer), stringLength(issuer));
  putByte(0);
  put(stringStart(subject), stringLength(subject));
  const index = indexAt<Consumer>(known.list, consumer);
  return addName(known.subjects, keepComposed(), index) || refuse(subject, "is a subject that a consumer already is");
}

function subjectOf(node: i32): bool {
  if (!stringOf(node, 1, LONGEST_SUBJECT)) return false;
  return (
    !hasControlCharacter(stringStart(node), stringLength(node)) || refuse(node, "must not have control characters")
  );
}

/**
 * Whose subject a claim names; the missing record if nobody's, or if it is no text.
 * @param node of the tape, or NO_CLAIM
 */
export function consumerOfSubject(known: Consumers, issuer: Text, tape: usize, node: i32): Consumer {
  if (node === NO_CLAIM || jsonType(tape, node) !== JSON_STRING) return none<Consumer>();
  const start = jsonStart(tape, node);
  const length = jsonLength(tape, node);
  if (length > LONGEST_SUBJECT || hasControlCharacter(start, length)) return none<Consumer>();
  const own = subjectIndex(known, issuer.start, issuer.length, start, length);
  const index = own < 0 ? subjectIndex(known, 0, 0, start, length) : own;
  return index < 0 ? none<Consumer>() : at<Consumer>(known.list, index);
}

function subjectIndex(known: Consumers, issuer: usize, issuerLength: i32, subject: usize, length: i32): i32 {
  compose(issuerLength + length + 1);
  put(issuer, issuerLength);
  putByte(0);
  put(subject, length);
  return composed() ? findName(known.subjects, composedStart(), composedLength()) : -1;
}

/** Reads a user of `basic` with the verifier of its password. */
function readUser(node: i32, consumer: Consumer, known: Consumers): bool {
  if (!objectOf(node, "user verifier")) return false;
  const user = requiredMember(node, "user");
  const verifier = requiredMember(node, "verifier");
  if (user === NOWHERE || verifier === NOWHERE || !userOf(user)) return false;
  const own = keepRecord<Verifier>();
  if (!readVerifier(verifier, own)) return false;
  own.consumer = consumer;
  known.rounds = max(known.rounds, own.rounds);
  const name = keepString(user);
  return addName(known.users, name, <i32>addressOf(own)) || refuseQuoting(user, "there already is a user", user);
}

/** A user has no colon, as that ends it, and no control character (RFC 7617, section 2). */
function userOf(node: i32): bool {
  if (!stringOf(node, 1, LONGEST_USER << 2)) return false;
  const start = stringStart(node);
  const length = stringLength(node);
  if (utf8Characters(start, length) > LONGEST_USER) return refuse(node, "is too long");
  const isSound = !hasControlCharacter(start, length) && !hasByte(start, length, 0x3a);
  return isSound || refuse(node, "must be without colons and control characters");
}

/** Puts the digest that a credential stands for in DIGEST. No message tells anything of a value. */
function digestOf(key: i32): bool {
  const start = stringStart(key);
  const length = stringLength(key);
  if (isLiteral(start, min(length, 7), "sha256:")) {
    const digits = length - 7;
    if (digits !== 64 || hexDecode(start + 7, digits, DIGEST) !== 32) {
      return refuse(key, "must have 64 lower-case hexadecimal digits after sha256:");
    }
    return true;
  }
  if (isLiteral(start, 4, "env:")) return digestOfVariable(key);
  return refuse(key, "must begin with sha256: or env:");
}

function digestOfVariable(key: i32): bool {
  const value = variableOf(key);
  if (value === 0) return false;
  const length = variableLength(value);
  if (!isVisibleAscii(value, length) || hasByte(value, length, 0x2c)) {
    return refuseQuoting(key, "the environment variable must be visible ASCII without comma:", key);
  }
  sha256(value, length, DIGEST);
  return true;
}
