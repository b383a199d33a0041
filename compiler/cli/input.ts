import { FILE_LIMIT } from "../syntax/text.js";

/** All that comes by standard input; of what is too large for a policy only so much that this can be told. */
export async function standardInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    const bytes = Buffer.from(chunk);
    chunks.push(bytes);
    length += bytes.length;
    if (length > FILE_LIMIT) break;
  }
  return Buffer.concat(chunks);
}
