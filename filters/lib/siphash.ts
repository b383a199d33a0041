export function sipHash24(key0: u64, key1: u64, pointer: usize, length: i32): u64 { return 0; }
export function sipHash13(key0: u64, key1: u64, pointer: usize, length: i32): u64 { return 0; }
export function sipHashInit(key0: u64, key1: u64, compressionRounds: i32, finalRounds: i32): void {}
export function sipHashUpdate(pointer: usize, length: i32): void {}
export function sipHashUpdateU64(value: u64): void {}
export function sipHashFinal(): u64 { return 0; }
