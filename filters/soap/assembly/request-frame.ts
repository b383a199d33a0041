import { none } from "../../lib/region";
import { Binding, Complex, Element } from "./table";

/** An element with content that is being written: an object of JSON. */
@unmanaged
export class Frame {
  element: Element = none<Element>();
  type: Complex = none<Complex>();
  /** The object, as a node of the tape. */
  node: i32 = 0;
  /** What is bound to it or to its members, or the missing record. */
  binding: Binding = none<Binding>();
  /** The entry of the content that comes next. */
  entry: i32 = 0;
  /** Of an array that is being written: its element, its next item and how many are left. */
  itemElement: Element = none<Element>();
  item: i32 = 0;
  itemsLeft: i32 = 0;
  /** Words: for each slot of the type one more than the node of its value; 0 if it is not there, EMPTY for an array without items. */
  slots: usize = 0;
}

/** A slot whose array has no items: not there, but said. */
export const EMPTY: i32 = -1;
