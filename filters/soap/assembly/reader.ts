import {
  arrayOf,
  documentIsWrong,
  firstElement,
  member,
  NOWHERE,
  nextElement,
  objectOf,
  refuse,
  requiredMember,
} from "../../lib/document";
import { at, exists, keep, keepExhausted, keepRecord, keepRecords, none } from "../../lib/region";
import { addName, newNameTable } from "../../lib/table";
import { WORD_BYTES } from "../../lib/words";
import { nameAnswers } from "./answer-names";
import { fillConstants, readNamespaces } from "./reader-envelope";
import { readOperation } from "./reader-operation";
import { readSecurity } from "./reader-security";
import { readSimples } from "./reader-simple";
import { readTypes } from "./reader-type";
import { integerOr, LARGEST_INDEX } from "./reader-values";
import { Frame } from "./request-frame";
import { Complex, Constants, Limits, Operation, Soap, slotCount } from "./table";

// A `soap` policy of the configuration (`../module.ts`), turned into the records of `table.ts`. Environment variables can be asked for while it is read.

const MOST_OPERATIONS: i32 = 1024;
const LARGEST_BODY: i64 = 16777216;
const DEEPEST: i64 = 256;
/** Members that lead to where the body is, outside of it. */
const DEEPEST_BINDING: i32 = 8;

/** Reads a policy; the missing record, and a problem noted, if it is wrong anywhere. */
export function readSoap(node: i32): Soap {
  const soap = keepRecord<Soap>();
  return read(node, soap) ? soap : none<Soap>();
}

function read(node: i32, soap: Soap): bool {
  if (!objectOf(node, "namespaces simples types operations security limits")) return false;
  const namespaces = requiredMember(node, "namespaces");
  const simples = requiredMember(node, "simples");
  const types = requiredMember(node, "types");
  const operations = requiredMember(node, "operations");
  const limits = requiredMember(node, "limits");
  if (documentIsWrong()) return false;
  soap.limits = keepRecord<Limits>();
  if (!readLimits(limits, soap.limits)) return false;
  soap.constants = keepRecord<Constants>();
  fillConstants(soap.constants);
  if (!readNamespaces(namespaces, soap) || !readSimples(simples, soap) || !readTypes(types, soap)) return false;
  if (!readOperations(operations, soap) || !readSecurity(member(node, "security"), soap)) return false;
  if (!makeRoom(soap) || !nameAnswers(soap) || keepExhausted())
    return refuse(node, "needs more memory than the module may have");
  return !documentIsWrong();
}

function readOperations(list: i32, soap: Soap): bool {
  const count = arrayOf(list, 1, MOST_OPERATIONS);
  if (count < 0) return false;
  soap.operations = keepRecords<Operation>(count);
  soap.names = newNameTable(count, true);
  if (soap.operations === 0 || !exists(soap.names)) return refuse(list, "needs more memory than the module may have");
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    const operation = at<Operation>(soap.operations, soap.operationCount);
    if (!readOperation(node, operation, soap)) return false;
    if (!addName(soap.names, operation.name, soap.operationCount++)) {
      return refuse(node, "has the name of an operation before it");
    }
  }
  return true;
}

function readLimits(node: i32, limits: Limits): bool {
  if (!objectOf(node, "request response depth attributes name namespaces")) return false;
  limits.request = requiredInteger(node, "request", 1, LARGEST_BODY);
  limits.response = requiredInteger(node, "response", 1, LARGEST_BODY);
  limits.depth = requiredInteger(node, "depth", 1, DEEPEST);
  limits.attributes = requiredInteger(node, "attributes", 0, 1024);
  limits.name = requiredInteger(node, "name", 1, LARGEST_INDEX + 1);
  limits.namespaces = requiredInteger(node, "namespaces", 1, 1024);
  return !documentIsWrong();
}

function requiredInteger(object: i32, name: string, least: i64, most: i64): i32 {
  return requiredMember(object, name) === NOWHERE ? 0 : integerOr(object, name, least, most, 0);
}

/** Takes what the walk through a request works on; false without memory. */
function makeRoom(soap: Soap): bool {
  let slots = 1;
  for (let i = 0; i < soap.typeCount; i++) slots = max(slots, slotCount(at<Complex>(soap.types, i)));
  soap.frameCount = soap.limits.depth + DEEPEST_BINDING;
  soap.frames = keepRecords<Frame>(soap.frameCount);
  soap.slots = keep(<usize>(slots * soap.frameCount * WORD_BYTES));
  return soap.frames !== 0 && soap.slots !== 0;
}
