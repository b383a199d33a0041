/** A claim as the modules have it: names with spaces between them. A name with `://` in it is one, dots and all. */
export function pathOfClaim(written: string): string {
  return written.includes("://") ? written : written.replaceAll(".", " ");
}
