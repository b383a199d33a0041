// Strict reading of a configuration: nodes with their checks, and what is wrong with them.

export * from "./document-node";
export * from "./document-problem";
