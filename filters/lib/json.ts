export * from "./json-tape";
export function jsonParse(source: usize, length: i32, tape: usize, tapeNodes: i32, maxDepth: i32): i32 { return -1; }
export function jsonErrorOffset(): i32 { return 0; }
