const OR = "|";

/** The decision of one of several policies, where a log cannot tell of which. */
export function decisionOfOne(policies: readonly string[], decided: string): string {
  return `${policies.join(OR)}${decided}`;
}

/** The decisions that the one of a log may be. */
export function mayBe(noted: string): string[] {
  const [names = "", ...rest] = noted.split(" ");
  return names.split(OR).map((name) => [name, ...rest].join(" "));
}
