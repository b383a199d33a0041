export { checkLexical, collapsed, collapsedLength, collapsedStart } from "./lexical";
export function heapBase(): usize {
  return __heap_base;
}
