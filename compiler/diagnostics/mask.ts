/** From this length on, a secret is taken out of a sentence wherever it stands: no word of ours is the same by chance. */
const LONG = 8;

/** A text that is quoted in a sentence: in backticks, or as it would stand in JSON or YAML. */
const QUOTED = /`[^`]*`|"(?:[^"\\]|\\.)*"|'[^']*'/g;

/**
 * A sentence with asterisks for every secret that it quotes. A short secret is only looked for where the sentence
 * quotes the file, because a secret `a` says nothing about the article in "a list".
 *
 * @param secrets as they stand in the file, with their quotes
 */
export function maskText(sentence: string, secrets: readonly string[]): string {
  const words = secrets.map((secret) => secret.replace(/^["']|["']$/g, "")).filter((secret) => secret !== "");
  const spelled = [...new Set(words.flatMap((word) => [word, JSON.stringify(word).slice(1, -1)]))];
  if (spelled.length === 0) return sentence;
  const bare = spelled.reduce(maskBare, sentence);
  return bare.replace(QUOTED, (run) => {
    const quote = run.slice(0, 1);
    return `${quote}${spelled.reduce(maskQuoted, run.slice(1, -1))}${quote}`;
  });
}

function maskBare(sentence: string, secret: string): string {
  if (secret.length >= LONG) return sentence.replaceAll(secret, asterisks(secret));
  // A number has no quotes in a sentence; a short word without a digit or sign may be one of ours.
  return /[^A-Za-z]/.test(secret) ? wholeWord(sentence, secret) : sentence;
}

function maskQuoted(quoted: string, secret: string): string {
  // What is long is cut off in a sentence, and the rest of it is still the secret.
  const start = quoted.replace(/(?:\.\.\.|…)$/, "");
  const isPart = start !== "" && secret.includes(start) && (start !== quoted || start.length > 2 || start === secret);
  if (isPart) return asterisks(quoted);
  return secret.length > 3 ? quoted.replaceAll(secret, asterisks(secret)) : wholeWord(quoted, secret);
}

function wholeWord(text: string, word: string): string {
  const literal = word.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  return text.replace(new RegExp(`(?<![\\p{L}\\p{N}_-])${literal}(?![\\p{L}\\p{N}_-])`, "gu"), asterisks(word));
}

function asterisks(text: string): string {
  return "*".repeat(text.length);
}
