import { z } from "zod";
import { exactlyOneOf, headerName, headerValue } from "./values.js";

/** Of the connection, of the length of the body, or of a request: Envoy writes them itself (RFC 9110 sections 6 to 8). */
const NOT_OURS_TO_ANSWER = [
  "connection",
  "content-length",
  "host",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5. */
export const WITHOUT_BODY: readonly number[] = [204, 205, 304];

/** Bytes that a text has on the wire. */
export function sizeOfText(text: string): number {
  return Buffer.byteLength(text);
}

/** What a route answers by itself. */
export const respond = z
  .strictObject({
    status: z.int().min(200).max(599).describe("Status code of the answer."),
    body: z
      .string()
      .max(65_536)
      .refine((body) => sizeOfText(body) <= 65_536, "at most 65536 bytes of UTF-8")
      .optional()
      .describe("Body of the answer; none with status 204, 205 and 304."),
    headers: z
      .record(
        headerName
          .refine(
            (header) => !NOT_OURS_TO_ANSWER.includes(header),
            "an answer cannot set a header of the connection, of the length of the body or of a request",
          )
          .meta({ not: { enum: NOT_OURS_TO_ANSWER } }),
        headerValue.describe("Value of the header."),
      )
      .default({})
      .describe("Headers of the answer.")
      .meta({ examples: [{ "content-type": "text/plain" }] }),
  })
  .refine(({ status, body }) => body === undefined || !WITHOUT_BODY.includes(status), {
    path: ["body"],
    message: "an answer with status 204, 205 or 304 has no body",
  });

/** Where a route sends the client. */
export const redirect = z
  .strictObject({
    to: z
      .string()
      .regex(/^https?:\/\/[A-Za-z0-9.-]+(:[0-9]{1,5})?(\/[\x21-\x7e]*)?$/, {
        message: "an absolute URL without user and password, such as https://example.com/new",
        abort: true,
      })
      .refine((url) => !url.includes("#"), "a redirect cannot add a fragment; leave out `#` and what follows it")
      .refine((url) => URL.canParse(url), "the host or the port of this URL cannot exist")
      .optional()
      .describe("Absolute URL; without a path, the request's own path stays.")
      .meta({ examples: ["https://www.example.com"] }),
    path: z
      .string()
      .regex(/^\/[\x21-\x7e]*$/, "a path that starts with `/`")
      .optional()
      .describe("New path on the same host.")
      .meta({ examples: ["/new"] }),
    status: z
      .literal([301, 302, 303, 307, 308])
      .default(302)
      .describe("301 and 308 are permanent; 307 and 308 keep the method and the body."),
  })
  .meta(exactlyOneOf("to", "path"));
