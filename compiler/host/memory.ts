import { bytesOf, byteTextOf } from "./byte-text.js";
import type { LinearMemory } from "./engine.js";

/** Calls `malloc` of the module; an address, or 0. */
export type Allocate = (size: number) => number;

/** The memory of a VM. Addresses and lengths are unsigned; the buffer behind it changes whenever memory grows. */
export class GuestMemory {
  private readonly memory: () => LinearMemory;
  private readonly allocate: Allocate;

  constructor(memory: () => LinearMemory, allocate: Allocate) {
    this.memory = memory;
    this.allocate = allocate;
  }

  /** Bytes. */
  get size(): number {
    return this.memory().buffer.byteLength;
  }

  /** A view, valid until the module runs again; undefined outside of memory. */
  view(address: number, length: number): Uint8Array | undefined {
    return address + length > this.size ? undefined : new Uint8Array(this.memory().buffer, address, length);
  }

  /** A copy; undefined outside of memory. */
  bytes(address: number, length: number): Uint8Array | undefined {
    return this.view(address, length)?.slice();
  }

  /** A byte text; undefined outside of memory. */
  text(address: number, length: number): string | undefined {
    const view = this.view(address, length);
    return view === undefined ? undefined : byteTextOf(view);
  }

  /** Whether the address was inside of memory. */
  putWord(address: number, value: number): boolean {
    return this.put(address, 4, (view) => view.setUint32(0, value, true));
  }

  putWide(address: number, value: bigint): boolean {
    return this.put(address, 8, (view) => view.setBigUint64(0, value, true));
  }

  putBytes(address: number, bytes: Uint8Array): boolean {
    const target = this.view(address, bytes.length);
    target?.set(bytes);
    return target !== undefined;
  }

  /**
   * Hands bytes over: memory from the module's `malloc`, then its address and length. Nothing is allocated for no bytes.
   * @returns false if the module has no memory, or a cell is outside of it
   */
  give(bytes: Uint8Array, addressCell: number, lengthCell: number): boolean {
    const address = bytes.length === 0 ? 0 : this.place(bytes);
    if (address === undefined) return false;
    return this.putWord(addressCell, address) && this.putWord(lengthCell, bytes.length);
  }

  /** Where the module has the bytes then, in memory from its `malloc`; undefined if it has none. */
  place(bytes: Uint8Array): number | undefined {
    const address = this.allocate(bytes.length);
    return address === 0 || !this.putBytes(address, bytes) ? undefined : address;
  }

  /** The same for a byte text. */
  giveText(text: string, addressCell: number, lengthCell: number): boolean {
    return this.give(bytesOf(text), addressCell, lengthCell);
  }

  private put(address: number, length: number, write: (view: DataView) => void): boolean {
    if (address + length > this.size) return false;
    write(new DataView(this.memory().buffer, address, length));
    return true;
  }
}
