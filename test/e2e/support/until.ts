import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 10;

/**
 * Asks again and again until there is an answer.
 * @param look gives `undefined` (or `false`) as long as there is none
 * @throws after `timeoutMs`, 15,000 unless given, with what was waited for
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 15_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await delay(POLL_MS);
  }
}
