import { z } from "zod";

/** Names between dots, such as `realm_access.roles`; a name with `://` in it is one, dots and all. */
const CLAIM = /^([^\s.]+(\.[^\s.]+)*|\S+:\/\/\S+)$/;

/** A claim as policies have it. */
export function claimPath(what: "claim" | "member") {
  return z
    .string()
    .max(256)
    .regex(CLAIM, `a ${what} is a name, or names with dots between them, such as \`realm_access.roles\``);
}

/** A claim as the modules have it: names with spaces between them. A name with `://` in it is one, dots and all. */
export function pathOfClaim(written: string): string {
  return written.includes("://") ? written : written.replaceAll(".", " ");
}
