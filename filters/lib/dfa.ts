// Deterministic automata that regular expressions were compiled to (see ../modules/README.md): one step a byte, whatever the text.
//
// u8 version, u8 0, u16 states, u16 classes, u16 start, u8 class[256], u16 next[states * classes], u8 flags[states]; little endian.

const VERSION: i32 = 1;
const MOST_STATES: i32 = 4096;
const MOST_CLASSES: i32 = 256;
export const LARGEST_DFA: i32 = 65536;

const CLASS: usize = 8;
const NEXT: usize = CLASS + 256;

/** No match is possible from here, whatever follows. */
const DEAD: u32 = 0xffff;

/** Flags of a state: it matches whatever follows; it matches if the text ends here. */
const MATCHED: u32 = 1;
const MATCHED_AT_END: u32 = 2;

function states(dfa: usize): i32 {
  return <i32>load<u16>(dfa, 2);
}

function classes(dfa: usize): i32 {
  return <i32>load<u16>(dfa, 4);
}

/** Whether bytes are an automaton that never leaves its tables. */
export function isDfa(dfa: usize, length: i32): bool {
  if (length < <i32>NEXT || length > LARGEST_DFA) return false;
  if (<i32>load<u16>(dfa) !== VERSION) return false;
  const rows = states(dfa);
  const columns = classes(dfa);
  if (rows < 1 || rows > MOST_STATES || columns < 1 || columns > MOST_CLASSES) return false;
  if (<i32>load<u16>(dfa, 6) >= rows) return false;
  if (length !== <i32>NEXT + 2 * rows * columns + rows) return false;
  for (let i: usize = 0; i < 256; i++) {
    if (<i32>load<u8>(dfa + CLASS + i) >= columns) return false;
  }
  for (let i = 0; i < rows * columns; i++) {
    const target = <u32>load<u16>(dfa + NEXT + ((<usize>i) << 1));
    if (target !== DEAD && <i32>target >= rows) return false;
  }
  for (let i = 0; i < rows; i++) {
    if (<u32>load<u8>(flagsOf(dfa) + <usize>i) > (MATCHED | MATCHED_AT_END)) return false;
  }
  return true;
}

function flagsOf(dfa: usize): usize {
  return dfa + NEXT + ((<usize>(states(dfa) * classes(dfa))) << 1);
}

/** Whether an automaton that `isDfa` matches a text. */
export function dfaMatches(dfa: usize, start: usize, length: i32): bool {
  const columns = <usize>classes(dfa);
  const flags = flagsOf(dfa);
  let state = <usize>load<u16>(dfa, 6);
  if ((<u32>load<u8>(flags + state) & MATCHED) !== 0) return true;
  for (let i = 0; i < length; i++) {
    const column = <usize>load<u8>(dfa + CLASS + <usize>load<u8>(start + <usize>i));
    const next = <u32>load<u16>(dfa + NEXT + ((state * columns + column) << 1));
    if (next === DEAD) return false;
    state = <usize>next;
    if ((<u32>load<u8>(flags + state) & MATCHED) !== 0) return true;
  }
  return (<u32>load<u8>(flags + state) & MATCHED_AT_END) !== 0;
}
