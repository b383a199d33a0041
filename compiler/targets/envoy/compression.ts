import type { Any } from "@bufbuild/protobuf/wkt";
import { BrotliSchema } from "../../envoy/generated/envoy/extensions/compression/brotli/compressor/v3/brotli_pb.js";
import { GzipSchema } from "../../envoy/generated/envoy/extensions/compression/gzip/compressor/v3/gzip_pb.js";
import { ZstdSchema } from "../../envoy/generated/envoy/extensions/compression/zstd/compressor/v3/zstd_pb.js";
import {
  CompressorPerRouteSchema,
  CompressorSchema,
} from "../../envoy/generated/envoy/extensions/filters/http/compressor/v3/compressor_pb.js";
import { extensionNames, packed } from "../../envoy/message.js";
import { compressFilter } from "../../plan/names.js";
import { type Coding, type CompressPlan, NEVER_COMPRESSED } from "../../plan/native.js";
import { escapeRegex } from "../../policy/path.js";
import { waitingFilter } from "./waiting-filter.js";

/** Filters that compress answers as a policy says: one for each coding, as Envoy has it. Routes that do not name them pass them by. */
export function compressFilters(policy: string, { codings, contentTypes, minBytes }: CompressPlan) {
  return codings.map((coding, index) => {
    const configuration = packed(CompressorSchema, {
      compressorLibrary: library(coding),
      // Otherwise the client's order decides between codings that it takes alike.
      chooseFirst: index === 0 && codings.length > 1,
      responseDirectionConfig: {
        commonConfig: {
          minContentLength: minBytes,
          contentTypeMatcher: [{ matchPattern: { case: "safeRegex", value: { regex: typesRegex(contentTypes) } } }],
        },
        // A weak one holds for both forms (RFC 9110 section 8.8.3.3); Envoy would take a strong one away.
        weakenEtagOnCompress: true,
        uncompressibleResponseCodes: [NEVER_COMPRESSED],
      },
    });
    return waitingFilter(compressFilter(policy, coding), configuration);
  });
}

/** What they do on one route: all that they say of themselves. */
export function compression(policy: string, { codings }: CompressPlan) {
  const override = { case: "overrides" as const, value: { responseDirectionConfig: {} } };
  const configuration = packed(CompressorPerRouteSchema, { override });
  return codings.map((coding) => ({ filter: compressFilter(policy, coding), configuration }));
}

function typesRegex(types: readonly string[]): string {
  return `(?i:${types.map(escapeRegex).join("|")})[ \\t]*(?:;.*)?`;
}

function library(coding: Coding): { name: string; typedConfig: Any } {
  switch (coding) {
    case "br":
      return { name: extensionNames.brotli, typedConfig: packed(BrotliSchema, {}) };
    case "gzip":
      return { name: extensionNames.gzip, typedConfig: packed(GzipSchema, {}) };
    case "zstd":
      return { name: extensionNames.zstd, typedConfig: packed(ZstdSchema, {}) };
  }
}
