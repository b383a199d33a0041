import type { Lock } from "./lock.js";

/** What has changed between two compilations that can change their output, each a clause. */
export function changesOf(before: Lock, now: Lock): string[] {
  return [...ofPolicy(before, now), ...ofCompiler(before, now), ...ofOptions(before, now), ...ofModules(before, now)];
}

function ofPolicy(before: Lock, now: Lock): string[] {
  const old = new Map(before.policy.files.map(({ path, sha256 }) => [path, sha256]));
  const current = new Map(now.policy.files.map(({ path, sha256 }) => [path, sha256]));
  return [
    ...listed(
      [...current].flatMap(([path, sha256]) => (old.has(path) && old.get(path) !== sha256 ? [path] : [])),
      "changed",
    ),
    ...listed(
      [...current.keys()].filter((path) => !old.has(path)),
      "joined the policy",
    ),
    ...listed(
      [...old.keys()].filter((path) => !current.has(path)),
      "left the policy",
    ),
  ];
}

/** As many as fit into a line; there may be a thousand. */
const MOST_NAMED = 5;

function listed(paths: readonly string[], what: string): string[] {
  if (paths.length === 0) return [];
  const named = paths.slice(0, MOST_NAMED).join(", ");
  const more = paths.length > MOST_NAMED ? ` and ${paths.length - MOST_NAMED} more` : "";
  return [`${named}${more} ${paths.length === 1 ? "has" : "have"} ${what}`];
}

function ofCompiler(before: Lock, now: Lock): string[] {
  return [
    ...(before.sluice === now.sluice ? [] : [`sluice ${before.sluice} has compiled it, and this is ${now.sluice}`]),
    ...(before.target.name === now.target.name && before.target.version === now.target.version
      ? []
      : [`it was compiled for ${targetOf(before)}, and now for ${targetOf(now)}`]),
  ];
}

function targetOf({ target }: Lock): string {
  return `${target.name} ${target.version}`;
}

function ofOptions(before: Lock, now: Lock): string[] {
  const said = (name: string, old: string | undefined, current: string | undefined) =>
    old === current ? [] : [`it was compiled ${withOption(name, old)}, and now ${withOption(name, current)}`];
  return [
    ...said("--access-log", before.options.accessLog, now.options.accessLog),
    ...said("--modules", before.options.modules, now.options.modules),
    ...said("--pin", before.options.pin, now.options.pin),
    ...said("--modules-dir", before.options.modulesDir, now.options.modulesDir),
  ];
}

function withOption(name: string, value: string | undefined): string {
  return value === undefined ? `without ${name}` : `with ${name} ${value}`;
}

function ofModules(before: Lock, now: Lock): string[] {
  return now.modules.flatMap(({ path, sha256 }) => {
    const old = before.modules.find((module) => module.path === path);
    return old === undefined || old.sha256 === sha256
      ? []
      : [`sluice ${now.sluice} has another ${path}: ${sha256.slice(0, 12)}… instead of ${old.sha256.slice(0, 12)}…`];
  });
}
