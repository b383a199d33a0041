import { firstElement, NOWHERE, nextElement, refuse, stringLength, stringStart } from "../../lib/document";
import { exists, keepRecord, none, pointerAt } from "../../lib/region";
import { findName } from "../../lib/table";
import { Binding, boundMember, Complex, Element, Form, Operation, Param, Simple, simpleOfSlot } from "./table";

// Where parameters and the body go: a tree over the members of the input, made of the fields that the configuration names.

/** What the last name of a field leads to: an element, or the simple type of an attribute or of a text. */
let target: Element = none<Element>();
let targetSimple: Simple = none<Simple>();

/** The root of the tree; the body is the whole input until it is bound to a field. */
export function newBinding(): Binding {
  const binding = keepRecord<Binding>();
  binding.param = -1;
  return binding;
}

/** Binds the body to a field; false, and a problem noted, if the input has no such member. */
export function bindBody(field: i32, operation: Operation): bool {
  const binding = bind(field, operation);
  if (!exists(binding)) return false;
  return bindWhole(operation, binding);
}

/** Makes a place of the tree the one that the body is. */
export function bindWhole(operation: Operation, binding: Binding): bool {
  binding.isBody = true;
  operation.bodyBinding = binding;
  return true;
}

/** Binds a parameter to a field, which must have a simple type. */
export function bindParam(field: i32, operation: Operation, index: i32, param: Param): bool {
  const binding = bind(field, operation);
  if (!exists(binding)) return false;
  if (binding.isBody || exists(binding.first)) return refuse(field, "is bound twice");
  if (exists(target) && !exists(target.simple)) return refuse(field, "leads to what is no simple value");
  const simple = exists(target) ? target.simple : targetSimple;
  const isArray = simple.form === Form.List || (exists(target) && target.max !== 1);
  if (param.repeated && !isArray) return refuse(field, "takes one value only");
  binding.param = index;
  param.binding = binding;
  return true;
}

/** The place in the tree that a field has, which nothing is bound to yet; the missing record, and a problem noted, if it can have none. */
function bind(field: i32, operation: Operation): Binding {
  let binding = operation.binding;
  if (!exists(binding)) return refuseField(field, "names no member of the input");
  target = operation.input;
  for (let name = firstElement(field); name !== NOWHERE; name = nextElement(field, name)) {
    if (binding.param >= 0) return refuseField(name, "is bound twice");
    const type = exists(target) ? target.type : none<Complex>();
    const isOnce = exists(target) && target.max === 1;
    if (!exists(type) || !isOnce) return refuseField(name, "lies in what is no object");
    const slot = findName(type.members, stringStart(name), stringLength(name));
    if (slot < 0) return refuseField(name, "names no member of the input");
    lookAt(type, slot);
    binding = childOf(binding, slot);
  }
  if (binding.param < 0 && !binding.isBody) return binding;
  return refuseField(field, "is bound twice");
}

function refuseField(node: i32, message: string): Binding {
  refuse(node, message);
  return none<Binding>();
}

function lookAt(type: Complex, slot: i32): void {
  target = none<Element>();
  if (slot < type.leafCount) target = pointerAt<Element>(type.leaves, slot);
  else targetSimple = simpleOfSlot(type, slot);
}

function childOf(binding: Binding, slot: i32): Binding {
  const known = boundMember(binding, slot);
  if (exists(known)) return known;
  const child = newBinding();
  child.slot = slot;
  child.parent = binding;
  child.next = binding.first;
  binding.first = child;
  return child;
}
