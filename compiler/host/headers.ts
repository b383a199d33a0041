import { HeaderMapType, LAST_HEADER_MAP_TYPE, Status } from "./abi.js";
import type { Border, HostFunctions } from "./border.js";
import type { Context, StreamFace } from "./context.js";
import type { HeaderMap } from "./header-map.js";
import { deserializePairs, serializePairs } from "./pairs.js";

// Envoy `Context::getMap` and `getConstMap`: which map a number stands for, to be changed and to be read.

type StreamMap = Parameters<StreamFace["map"]>;

const STREAM_MAPS: ReadonlyMap<number, StreamMap> = new Map<number, StreamMap>([
  [HeaderMapType.RequestHeaders, ["request", "headers"]],
  [HeaderMapType.RequestTrailers, ["request", "trailers"]],
  [HeaderMapType.ResponseHeaders, ["response", "headers"]],
  [HeaderMapType.ResponseTrailers, ["response", "trailers"]],
]);

function mapToChange(context: Context, type: number): HeaderMap | undefined {
  const place = STREAM_MAPS.get(type);
  return context.sort === "stream" && place !== undefined ? context.stream.map(...place) : undefined;
}

function mapToRead(context: Context, type: number): HeaderMap | undefined {
  if (context.sort === "vm") return undefined;
  const { answer } = context.sort === "root" ? context : context.root;
  if (type === HeaderMapType.HttpCallResponseHeaders) return answer?.headers;
  if (type === HeaderMapType.HttpCallResponseTrailers) return answer?.trailers;
  // Of the other types, metadata of gRPC calls is nowhere: this host cannot make such calls.
  const place = STREAM_MAPS.get(type);
  return context.sort === "stream" && place !== undefined ? context.stream.readableMap(...place) : undefined;
}

export function headerFunctions(border: Border): HostFunctions {
  return { ...readingFunctions(border), ...writingFunctions(border) };
}

function readingFunctions(border: Border): HostFunctions {
  const { memory } = border;
  return {
    proxy_get_header_map_value: (type, start, length, startCell, lengthCell) => {
      if (type > LAST_HEADER_MAP_TYPE) return Status.BadArgument;
      const name = memory.text(start, length);
      if (name === undefined) return Status.InvalidMemoryAccess;
      const context = border.context();
      const map = mapToRead(context, type);
      if (map === undefined) return isLogging(context) ? Status.NotFound : Status.BadArgument;
      const value = map.get(name);
      if (value === undefined) return Status.NotFound;
      return memory.giveText(value, startCell, lengthCell) ? Status.Ok : Status.InvalidMemoryAccess;
    },
    proxy_get_header_map_pairs: (type, startCell, lengthCell) => {
      if (type > LAST_HEADER_MAP_TYPE) return Status.BadArgument;
      const pairs = mapToRead(border.context(), type)?.pairs() ?? [];
      const bytes = pairs.length === 0 ? new Uint8Array(0) : serializePairs(pairs);
      return memory.give(bytes, startCell, lengthCell) ? Status.Ok : Status.InvalidMemoryAccess;
    },
    proxy_get_header_map_size: (type, cell) => {
      if (type > LAST_HEADER_MAP_TYPE) return Status.BadArgument;
      const map = mapToChange(border.context(), type);
      if (map === undefined) return Status.BadArgument;
      return memory.putWord(cell, map.byteSize) ? Status.Ok : Status.InvalidMemoryAccess;
    },
  };
}

function writingFunctions(border: Border): HostFunctions {
  const { memory } = border;
  const change = (type: number, how: (map: HeaderMap) => void): number => {
    const context = border.context();
    const map = mapToChange(context, type);
    if (map === undefined) return Status.BadArgument;
    how(map);
    // Envoy `onHeadersModified`: the route is looked for again when the headers go on.
    if (type === HeaderMapType.RequestHeaders && context.sort === "stream") context.stream.clearRouteCache();
    return Status.Ok;
  };
  const write =
    (how: "add" | "replace") => (type: number, start: number, length: number, from: number, size: number) => {
      if (type > LAST_HEADER_MAP_TYPE) return Status.BadArgument;
      const name = memory.text(start, length);
      const value = memory.text(from, size);
      if (name === undefined || value === undefined) return Status.InvalidMemoryAccess;
      return change(type, (map) => map[how](name, value));
    };
  return {
    proxy_add_header_map_value: write("add"),
    proxy_replace_header_map_value: write("replace"),
    proxy_remove_header_map_value: (type, start, length) => {
      if (type > LAST_HEADER_MAP_TYPE) return Status.BadArgument;
      const name = memory.text(start, length);
      return name === undefined ? Status.InvalidMemoryAccess : change(type, (map) => map.remove(name));
    },
    proxy_set_header_map_pairs: (type, start, length) => {
      if (type > LAST_HEADER_MAP_TYPE) return Status.BadArgument;
      const bytes = memory.bytes(start, length);
      if (bytes === undefined) return Status.InvalidMemoryAccess;
      return change(type, (map) => {
        map.clear();
        for (const [name, value] of deserializePairs(bytes)) map.add(name, value);
      });
    },
  };
}

function isLogging(context: Context): boolean {
  return context.sort === "stream" && context.stream.isLogging;
}
