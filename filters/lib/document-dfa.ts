import { BASE64_STANDARD, base64Decode } from "./base64";
import { isDfa, LARGEST_DFA } from "./dfa";
import { refuse, stringLength, stringOf, stringStart } from "./document";
import { arenaGiveBack, arenaTake, keep } from "./region";

// Automata in a configuration: strings of base64.

/** The kept automaton of a node; 0 and a problem if it is none. */
export function dfaOf(node: i32): usize {
  if (!stringOf(node, 1, ((LARGEST_DFA + 2) / 3) * 4)) return 0;
  const room = stringLength(node);
  const bytes = arenaTake(<usize>room);
  if (bytes === 0) return withoutMemory(node);
  const length = base64Decode(stringStart(node), room, bytes, BASE64_STANDARD, true);
  const isSound = length > 0 && isDfa(bytes, length);
  const kept = isSound ? keep(<usize>length) : 0;
  if (kept !== 0) memory.copy(kept, bytes, <usize>length);
  arenaGiveBack(bytes);
  if (!isSound) refuse(node, "must be an automaton in base64");
  return kept === 0 ? withoutMemory(node) : kept;
}

/** Always 0; the first problem of a document is the one that is told. */
function withoutMemory(node: i32): usize {
  refuse(node, "needs more memory than the module may have");
  return 0;
}
