/** Bytes of a body that can be changed. */
export class Body {
  private content: Uint8Array;

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.content = bytes;
  }

  get bytes(): Uint8Array {
    return this.content;
  }

  get length(): number {
    return this.content.length;
  }

  prepend(bytes: Uint8Array): void {
    this.content = concat(bytes, this.content);
  }

  append(bytes: Uint8Array): void {
    this.content = concat(this.content, bytes);
  }

  replace(bytes: Uint8Array): void {
    this.content = bytes;
  }

  /** Empties it; what was in it. */
  take(): Uint8Array {
    const taken = this.content;
    this.content = new Uint8Array(0);
    return taken;
  }
}

export function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
