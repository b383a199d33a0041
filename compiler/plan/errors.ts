import type { ErrorPages, PageTexts } from "../policy/errors.js";
import { isGenerated } from "./names.js";
import type { RoutePlan } from "./plan.js";

/** What clients get in place of an answer that failed. */
export interface ErrorPage {
  /** `404`, or `4xx` or `5xx` for all others of a hundred. */
  on: string;
  body: string;
  contentType: string;
  /** The status in place of that of the answer; the same if absent. */
  status?: number;
}

/** One for each status, and behind them those of whole hundreds. */
export function planErrors(pages: ErrorPages | undefined, texts: PageTexts): ErrorPage[] | undefined {
  if (pages === undefined) return undefined;
  return (
    pages
      .flatMap((page) => page.on.map((on) => ({ on: String(on), page })))
      // Digits come before letters.
      .toSorted((a, b) => (a.on < b.on ? -1 : 1))
      .map(({ on, page }) => ({
        on,
        body: page.body ?? texts.get(page) ?? "",
        contentType: page.contentType,
        ...(page.status === undefined ? {} : { status: page.status }),
      }))
  );
}

/** The page for a status: that of the status itself is the first that fits. */
export function pageFor(pages: readonly ErrorPage[], status: number): ErrorPage | undefined {
  const text = String(status);
  return pages.find(({ on }) => on === text || on === `${text.slice(0, 1)}xx`);
}

/** The status that a route answers because the file says so; undefined if it leads elsewhere, or the compiler added it. */
export function ownAnswer(route: RoutePlan): number | undefined {
  const { action, rest } = route;
  return action.type === "respond" && rest === undefined && !isGenerated(route) ? action.status : undefined;
}

/** The beginning of a content type by which a request is one of gRPC, or of its like: they have no pages. */
export const NO_PAGES_FOR = "application/grpc";

/** Headers that are about the body which the page stands for. */
export const OF_THE_BODY = [
  "accept-ranges",
  "content-digest",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-location",
  "content-md5",
  "content-range",
  "digest",
  "etag",
  "last-modified",
  "repr-digest",
  "transfer-encoding",
] as const;
