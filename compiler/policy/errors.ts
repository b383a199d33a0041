import { z } from "zod";
import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { nodeAt, type Path } from "../syntax/document.js";
import { sizeOfText, WITHOUT_BODY } from "./actions.js";
import type { CheckedGateway } from "./check.js";
import type { Gateway } from "./gateway.js";
import type { NamedFiles } from "./named-files.js";
import { exactlyOneOf, headerValue, oneOrMore } from "./values.js";

/** The largest page, in bytes. */
const MOST_BYTES = 65_536;

const page = z
  .strictObject({
    on: oneOrMore(z.union([z.int().min(400).max(599), z.enum(["4xx", "5xx"])]))
      .describe("Statuses, and `4xx` or `5xx` for all of a hundred that no page names.")
      .meta({ examples: [404, [500, "5xx"]] }),
    body: z
      .string()
      .min(1)
      .max(MOST_BYTES)
      .refine((body) => sizeOfText(body) <= MOST_BYTES, `at most ${MOST_BYTES} bytes of UTF-8`)
      .optional()
      .describe("The page itself."),
    file: z
      .string()
      .min(1)
      .max(1024)
      .optional()
      .describe("A file with the page, relative to this file and inside the folder of the policy file.")
      .meta({ examples: ["errors/404.html"] }),
    contentType: headerValue.default("text/html; charset=utf-8").describe("Media type of the page."),
    status: z
      .int()
      .min(200)
      .max(599)
      .refine((status) => !WITHOUT_BODY.includes(status), "an answer with status 204, 205 or 304 has no body")
      .optional()
      .describe("The status that clients get instead; their own if absent."),
  })
  .describe("What clients get in place of an answer, by exactly one of `body` and `file`.")
  .meta(exactlyOneOf("body", "file"));

const pages = z
  .array(page)
  .min(1)
  .max(64)
  .meta({
    examples: [
      [
        { on: 404, body: "<h1>Nothing here</h1>" },
        { on: "5xx", file: "errors/5xx.html" },
      ],
    ],
  });

/** What clients get in place of the answers of a service that failed. */
export const routeErrors = pages.describe(
  "Pages in place of what the service answers with some statuses, and of what is answered when it cannot be asked. What policies refuse stays as it is, and so does gRPC.",
);

/** What clients get in place of what the gateway itself answers. */
export const listenerErrors = pages.describe(
  "Pages in place of what the gateway itself answers with some statuses: unknown paths, what policies refuse, services that cannot be asked. What a route answers by `respond` stays as it is, and so do answers of services and gRPC.",
);

export type ErrorPages = z.output<typeof pages>;
type Page = ErrorPages[number];

/** Texts of pages that stand in files. */
export type PageTexts = ReadonlyMap<Page, string>;

function listsOf({ listeners, routes }: Gateway): { errors: ErrorPages; path: Path }[] {
  return [
    ...Object.entries(listeners).map(([name, { errors = [] }]) => ({ errors, path: ["listeners", name, "errors"] })),
    ...routes.map(({ errors = [] }, index) => ({ errors, path: ["routes", index, "errors"] })),
  ];
}

/** Reads the pages that stand in files; tells which there are not, or are none, and which statuses have two. */
export function readPages(
  gateway: Gateway,
  { root, place }: Pick<CheckedGateway, "root" | "place">,
  files: NamedFiles,
): { texts: PageTexts; diagnostics: Diagnostic[] } {
  const texts = new Map<Page, string>();
  const diagnostics: Diagnostic[] = [];
  for (const { errors, path } of listsOf(gateway)) {
    diagnostics.push(...named(errors, path, { root, place }));
    for (const [index, page] of errors.entries()) {
      const own = [...path, index];
      // As written: what is not well-formed has a finding of its own.
      const written = ["body", "file"].filter((key) => nodeAt(root, [...own, key]) !== undefined);
      if (written.length !== 1) diagnostics.push(diagnose("SL0357", {}, place(own)));
      if (page.file === undefined) continue;
      const span = place([...own, "file"]);
      const file = files.read(page.file, span, (finding) => diagnostics.push(finding));
      if (file === undefined) continue;
      const size = sizeOfText(file.source.text);
      if (size === 0 || size > MOST_BYTES)
        diagnostics.push(diagnose("SL0358", { file: page.file, size, most: MOST_BYTES }, span));
      else texts.set(page, file.source.text);
    }
  }
  return { texts, diagnostics };
}

/** A status has one page. */
function named(errors: ErrorPages, path: Path, { root, place }: Pick<CheckedGateway, "root" | "place">): Diagnostic[] {
  const seen = new Map<string, Path>();
  return errors.flatMap(({ on }, index) =>
    on.flatMap((status, position) => {
      const list = [...path, index, "on"];
      const own = nodeAt(root, list)?.kind === "list" ? [...list, position] : list;
      const first = seen.get(String(status));
      if (first === undefined) seen.set(String(status), own);
      if (first === undefined) return [];
      const related = [{ message: "first named here", span: place(first) }];
      return [diagnose("SL0360", { status }, place(own), { related })];
    }),
  );
}
