export const BASE64_STANDARD: i32 = 0;
export const BASE64_URL: i32 = 1;
export function base64Decode(source: usize, length: i32, target: usize, alphabet: i32, padded: bool): i32 { return -1; }
export function base64Encode(source: usize, length: i32, target: usize, alphabet: i32, padded: bool): i32 { return 0; }
