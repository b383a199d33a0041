const LEAST_BITS = 2048;
const MOST_BITS = 8192;

/** Of ROCA (Nemec and others, 2017, section 3.3); the same as in filters/lib/spki.ts. */
const PRIMES = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113,
  127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/** Why an RSA key is none that may be relied on; undefined for a good one. Numbers begin with their highest byte. */
export function weaknessOf(modulus: Buffer, exponent: Buffer): string | undefined {
  const number = BigInt(`0x${modulus.toString("hex")}`);
  const bits = number.toString(2).length;
  if (bits < LEAST_BITS || bits > MOST_BITS) return `it has ${bits} bits; ${LEAST_BITS} to ${MOST_BITS} are needed`;
  if (modulus[0] === 0 || number % 2n === 0n) return "its `n` is no modulus: it begins with a zero byte, or is even";
  if (!["03", "010001"].includes(exponent.toString("hex"))) return "its `e` is neither 65537 nor 3";
  return PRIMES.every((prime) => isPowerOf65537(Number(number % BigInt(prime)), prime))
    ? "its factors can be found (ROCA, CVE-2017-15361)"
    : undefined;
}

function isPowerOf65537(value: number, prime: number): boolean {
  let power = 1;
  for (let i = 1; i < prime; i++) {
    if (power === value) return true;
    power = (power * 65_537) % prime;
  }
  return false;
}
