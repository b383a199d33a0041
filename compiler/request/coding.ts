import type { Coding } from "../plan/native.js";

/**
 * The coding in which Envoy answers (source/extensions/filters/http/compressor/compressor_filter.cc, `chooseEncoding`; seen on
 * 1.40): the one that the client takes best; of several the first of the list, then the one that the client names first.
 *
 * @param codings that the gateway has, at least one
 * @param accepted lines of `accept-encoding`
 * @returns undefined where the answer stays as it is
 */
export function codingOf(codings: readonly Coding[], accepted: readonly string[]): Coding | undefined {
  const wanted = accepted.flatMap((line) => line.split(",")).flatMap(wishOf);
  const refused = new Set(wanted.filter(({ quality }) => quality === 0).map(({ name }) => name));
  const allowed = codings.filter((coding) => !refused.has(coding));
  let best = { name: "identity", quality: 0 };
  for (const wish of wanted) {
    const isKnown = ["identity", "*", ...allowed].includes(wish.name);
    const isPreferred = codings.length > 1 && wish.name === codings[0] && wish.quality === best.quality;
    if (isKnown && wish.quality > 0 && (wish.quality > best.quality || isPreferred)) best = wish;
  }
  if (best.name === "*") return allowed[0];
  return allowed.find((coding) => coding === best.name);
}

/** `gzip;q=0.5`; nothing if the quality is no number. */
function wishOf(text: string): { name: string; quality: number }[] {
  const [name = "", ...parameters] = text.split(";");
  const trimmed = name.trim();
  if (trimmed === "" && parameters.length === 0) return [];
  const [key = "", ...value] = parameters.join(";").split("=");
  if (key.trim().toLowerCase() !== "q" || value.length === 0) return [{ name: trimmed, quality: 1 }];
  const written = value.join("=").trim();
  const quality = Number(written);
  return written === "" || Number.isNaN(quality) ? [] : [{ name: trimmed, quality }];
}
