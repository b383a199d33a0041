import type { HeaderMap } from "../host/header-map.js";
import { type Coding, type CompressPlan, NEVER_COMPRESSED } from "../plan/native.js";
import { codingOf } from "../request/coding.js";
import type { RoutedRequest } from "../request/request.js";

/**
 * What Envoy's filters for compression write into an answer (source/extensions/filters/http/compressor/compressor_filter.cc; seen on
 * 1.40).
 *
 * @param ends no body follows
 * @returns how the body has to be compressed; undefined if it stays as it is
 */
export function announceCoding(
  plan: CompressPlan,
  request: RoutedRequest,
  answer: HeaderMap,
  ends: boolean,
): Coding | undefined {
  if (!isCompressible(plan, answer)) return undefined;
  const coding = ends ? undefined : codingOf(plan.codings, request.headers.get("accept-encoding") ?? []);
  if (coding !== undefined) {
    const tag = answer.get("etag");
    if (tag !== undefined && !tag.startsWith("W/")) answer.replace("etag", `W/${tag}`);
    answer.remove("content-length");
    answer.replace("content-encoding", coding);
  }
  tellCaches(answer);
  return coding;
}

function isCompressible({ contentTypes, minBytes }: CompressPlan, answer: HeaderMap): boolean {
  const length = answer.get("content-length");
  const type = answer.get("content-type");
  return (
    (length === undefined || Number(length) >= minBytes) &&
    (type === undefined || contentTypes.includes((type.split(";", 1)[0] ?? "").trim().toLowerCase())) &&
    !tokensOf(answer.get("cache-control")).some((token) => token.toLowerCase() === "no-transform") &&
    answer.get("content-encoding") === undefined &&
    answer.get(":status") !== String(NEVER_COMPRESSED)
  );
}

/** Also of an answer that is not compressed: another client might get it so. */
function tellCaches(answer: HeaderMap): void {
  const vary = answer.get("vary");
  if (vary === undefined) answer.add("vary", "Accept-Encoding");
  else if (!tokensOf(vary).includes("Accept-Encoding")) answer.replace("vary", `${vary}, Accept-Encoding`);
}

function tokensOf(list = ""): string[] {
  return list.split(",").map((token) => token.trim());
}
