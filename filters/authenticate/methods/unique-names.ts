/** Whether no object in a text, which is JSON, has two members of one name. */
export function uniqueNames(text: string): boolean {
  // Of each container that is open: the names of an object, nothing for a list.
  const open: (Set<string> | undefined)[] = [];
  const tokens = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/gs;
  for (const [token, isName] of text.matchAll(tokens)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (token === "}" || token === "]") open.pop();
    else if (isName !== undefined) {
      const name = String(JSON.parse(token.slice(0, token.length - isName.length)));
      const names = open.at(-1);
      if (names === undefined || names.has(name)) return false;
      names.add(name);
    }
  }
  return true;
}
