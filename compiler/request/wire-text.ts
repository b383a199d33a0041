// Header values are bytes, mostly UTF-8. In this model they are texts, as policies are, and a byte that is no part of well-formed UTF-8 is a
// lone surrogate, U+DC80 to U+DCFF (Python's PEP 383), so that nothing is lost and no other text compares equal.

const WELL_FORMED_OR_LONE =
  /([\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})|[\x80-\xff]/g;
const LONE = /([\udc80-\udcff])/u;
const FIRST_LONE = 0xdc00;

/** @param bytes one character a byte (`host/byte-text.ts`) */
export function textOfWire(bytes: string): string {
  return bytes.replace(WELL_FORMED_OR_LONE, (found: string, sequence: string | undefined) =>
    sequence === undefined
      ? String.fromCharCode(FIRST_LONE + found.charCodeAt(0))
      : Buffer.from(sequence, "latin1").toString(),
  );
}

/** The bytes of such a text, one character a byte. */
export function wireOfText(text: string): string {
  return text
    .split(LONE)
    .map((part, index) =>
      index % 2 === 1 ? String.fromCharCode(part.charCodeAt(0) - FIRST_LONE) : Buffer.from(part).toString("latin1"),
    )
    .join("");
}
