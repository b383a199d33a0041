import {
  arrayOf,
  booleanOf,
  documentIsWrong,
  firstElement,
  integerOf,
  isTrue,
  keepString,
  member,
  NOWHERE,
  nextElement,
  objectOf,
  policyNameOf,
  refuse,
  refuseQuoting,
  requiredMember,
} from "../lib/document";
import { at, exists, keepRecord, keepRecords, none } from "../lib/region";
import { addName, findName, NameTable, newNameTable } from "../lib/table";
import { compose, keepComposed, putByte, putText, Text } from "../lib/text";
import { wipeEnvironment } from "../proxy-wasm/environment";
import { Counters, defineCounters } from "../proxy-wasm/metrics";
import { readSoap } from "../soap/assembly/reader";
import { Operation, Soap } from "../soap/assembly/table";
import { Digests, isDigested, readDigests } from "./digests";
import { checked, openConfiguration, openVariables } from "./opening";

// What a root of the body stage runs: one JSON document (see body/README.md), turned into tables. Nothing is kept of one that is wrong anywhere.

const MOST_POLICIES: i32 = 1024;

/** One policy. */
@unmanaged
export class Conversion {
  name: Text = none<Text>();
  soap: Soap = none<Soap>();
  counters: Counters = none<Counters>();
}

/** One operation of a policy, which a route is for. */
@unmanaged
export class Target {
  conversion: Conversion = none<Conversion>();
  operation: Operation = none<Operation>();
  /** `<policy>/<operation>`, as the metadata of the route has it. */
  name: Text = none<Text>();
}

@unmanaged
export class Conversions {
  /** Records of Target. */
  targets: usize = 0;
  count: i32 = 0;
  names: NameTable = none<NameTable>();
  /** The largest bodies that any of them takes, in bytes. */
  mostRequest: i32 = 0;
  mostResponse: i32 = 0;
  /** There if nothing is converted, and bodies are compared with their digests. */
  digests: Digests = none<Digests>();
  /** 1: it is left behind when conversions were made. */
  traced: i32 = 0;
}

/** Reads the configuration of `length` bytes; the missing record, with the reason logged, if it cannot be used. */
export function readConversions(length: i32): Conversions {
  const conversions = openConfiguration(length) && openVariables() ? readDocument(0) : none<Conversions>();
  wipeEnvironment();
  return checked<Conversions>(conversions);
}

function readDocument(root: i32): Conversions {
  if (!objectOf(root, "version traced policies")) return none<Conversions>();
  const version = requiredMember(root, "version");
  const policies = requiredMember(root, "policies");
  const traced = member(root, "traced");
  if (traced !== NOWHERE && !booleanOf(traced)) return none<Conversions>();
  if (documentIsWrong() || !integerOf(version, 1, 1)) return none<Conversions>();
  const count = arrayOf(policies, 1, MOST_POLICIES);
  if (count < 0) return none<Conversions>();
  const conversions = keepRecord<Conversions>();
  conversions.traced = traced !== NOWHERE && isTrue(traced) ? 1 : 0;
  if (!LONE && isDigested(firstElement(policies))) {
    conversions.digests = readDigests(policies, count);
    return exists(conversions.digests) ? conversions : none<Conversions>();
  }
  const list = keepRecords<Conversion>(count);
  const names = newNameTable(count, false);
  if (list === 0 || !exists(names)) return none<Conversions>();
  let index = 0;
  let operations = 0;
  for (let node = firstElement(policies); node !== NOWHERE; node = nextElement(policies, node)) {
    const conversion = at<Conversion>(list, index);
    if (!readConversion(node, conversion)) return none<Conversions>();
    if (!addName(names, conversion.name, index++)) {
      refuseQuoting(node, "there already is a policy", requiredMember(node, "name"));
      return none<Conversions>();
    }
    const soap = conversion.soap;
    operations += soap.operationCount;
    conversions.mostRequest = max(conversions.mostRequest, soap.limits.request);
    conversions.mostResponse = max(conversions.mostResponse, soap.limits.response);
  }
  return collect(conversions, list, count, operations) ? conversions : none<Conversions>();
}

function readConversion(node: i32, conversion: Conversion): bool {
  if (!objectOf(node, "name soap")) return false;
  const name = requiredMember(node, "name");
  const body = requiredMember(node, "soap");
  if (name === NOWHERE || body === NOWHERE || !policyNameOf(name)) return false;
  conversion.name = keepString(name);
  conversion.soap = readSoap(body);
  if (!exists(conversion.soap)) return false;
  if (LONE && !isWhole(conversion.soap))
    return refuse(
      body,
      "must say of each operation by `rest` and `service` how it is asked for: this module stands alone",
    );
  conversion.counters = keepRecord<Counters>();
  return defineCounters(conversion.counters, "soap", conversion.name) || refuse(node, "the host defines no counter");
}

/** Whether every operation can be told without a route of Envoy's. */
function isWhole(soap: Soap): bool {
  for (let i = 0; i < soap.operationCount; i++) {
    if (!exists(at<Operation>(soap.operations, i).lone)) return false;
  }
  return true;
}

/** Puts the operations of all policies into one table; false without memory. */
function collect(conversions: Conversions, list: usize, count: i32, operations: i32): bool {
  conversions.targets = keepRecords<Target>(operations);
  conversions.names = newNameTable(operations, true);
  if (conversions.targets === 0 || !exists(conversions.names)) return false;
  conversions.count = operations;
  let index = 0;
  for (let i = 0; i < count; i++) {
    const conversion = at<Conversion>(list, i);
    for (let k = 0; k < conversion.soap.operationCount; k++) {
      const target = at<Target>(conversions.targets, index);
      target.conversion = conversion;
      target.operation = at<Operation>(conversion.soap.operations, k);
      compose(conversion.name.length + 1 + target.operation.name.length);
      putText(conversion.name);
      putByte(0x2f);
      putText(target.operation.name);
      target.name = keepComposed();
      addName(conversions.names, target.name, index++);
    }
  }
  return true;
}

/** The operation of a name as the metadata of routes has it; the missing record if there is none. */
export function targetNamed(conversions: Conversions, start: usize, length: i32): Target {
  const index = findName(conversions.names, start, length);
  return index < 0 ? none<Target>() : at<Target>(conversions.targets, index);
}
