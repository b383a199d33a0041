import { byteTextOf } from "../host/byte-text.js";
import type { HeaderMap } from "../host/header-map.js";
import { type ErrorPage, NO_PAGES_FOR, OF_THE_BODY, pageFor } from "../plan/errors.js";
import type { RoutedRequest } from "../request/request.js";

// Pages in place of answers: the model of `targets/envoy/errors.ts`.

/** Of a request: on what it depends whether it gets pages, and how. */
export type Asked = Pick<RoutedRequest, "method" | "headers">;

/**
 * Puts the page of a listener in the place of an answer of the gateway itself.
 * @param headers with `:status`; they are changed
 * @returns the page as a byte text; undefined if there is none for the answer
 */
export function placeOwnPage(pages: readonly ErrorPage[] = [], asked: Asked, headers: HeaderMap): string | undefined {
  const page = pageOf(pages, asked, headers);
  return page === undefined ? undefined : place(page, headers);
}

/** The same of the page of a route, in place of an answer of its service. */
export function placePage(pages: readonly ErrorPage[] = [], asked: Asked, headers: HeaderMap): string | undefined {
  const page = pageOf(pages, asked, headers);
  if (page === undefined) return undefined;
  for (const name of OF_THE_BODY) headers.remove(name);
  return place(page, headers);
}

function pageOf(pages: readonly ErrorPage[], { headers: sent }: Asked, headers: HeaderMap): ErrorPage | undefined {
  const type = sent.get("content-type")?.[0] ?? "";
  if (type.toLowerCase().startsWith(NO_PAGES_FOR)) return undefined;
  return pageFor(pages, Number(headers.get(":status")));
}

function place({ body, contentType, status }: ErrorPage, headers: HeaderMap): string {
  const text = byteTextOf(Buffer.from(body));
  headers.replace("content-type", contentType);
  headers.replace("content-length", String(text.length));
  if (status !== undefined) headers.replace(":status", String(status));
  return text;
}
