// Header values, property values and keys are bytes. In this host they are texts in which each character is one byte (Latin-1), so that
// nothing is lost and they can still be compared and printed.

const CHUNK = 8192;

/** Bytes of a byte text; a character above 0xff would be lost and is refused. */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) throw new RangeError(`a byte text has the character U+${code.toString(16)}`);
    bytes[i] = code;
  }
  return bytes;
}

export function byteTextOf(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += CHUNK) text += String.fromCharCode(...bytes.subarray(i, i + CHUNK));
  return text;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Text written by people, as UTF-8. */
export function utf8Of(text: string | Uint8Array): Uint8Array {
  return typeof text === "string" ? encoder.encode(text) : text;
}

/** Malformed UTF-8 becomes U+FFFD. */
export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
