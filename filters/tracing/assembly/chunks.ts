import { beginPiece, pieceByte, pieceEnd, pieceText } from "../../lib/piece";
import { at, exists, keep, keepRecords, none } from "../../lib/region";
import { countMany } from "../../proxy-wasm/metrics";
import { Chunk, Exporter, Exporters } from "./exporter";
import { TracingPolicy } from "./policy";

// The queue of a worker: pieces of memory that spans are written to, each the body of one request. They are MOST_CHUNKS in all, and every exporter of a
// configuration has a share of them, so that a collector that is down does not take the room of another.

const CHUNK_BYTES: i32 = 64 << 10;
/** 1 MiB. */
const MOST_CHUNKS: i32 = 16;
const LEAST_SHARE: i32 = 2;
/** What is written behind a text, and that it may be read and written over beyond its end (piece.ts). */
const TAIL_BYTES: i32 = 48;
/** Policies whose spans may be in one chunk. */
const MOST_SHARES: i32 = 8;
/** A root that nobody told of time for so long is gone: nanoseconds. */
const LOST_AFTER: u64 = 10000000000;

const COMMA: u8 = 0x2c;

/** How many spans of a policy a chunk has. */
@unmanaged
class Share {
  policy: TracingPolicy = none<TracingPolicy>();
  spans: i32 = 0;
}

// All chunks, as far as they were needed yet.
let chunks: usize = 0;
let chunkCount: i32 = 0;
let free: Chunk = none<Chunk>();
/** The exporter that was made last in this VM. */
let latest: Exporter = none<Exporter>();

/** Makes the exporters of a configuration ready to take spans; answers to their calls, and ticks, come to a root. */
export function openQueues(exporters: Exporters, root: u32, now: u64): void {
  for (let i = 0; i < exporters.count; i++) {
    const exporter = at<Exporter>(exporters.list, i);
    exporter.siblings = exporters;
    exporter.root = root;
    exporter.lastTick = now;
    exporter.most = max(LEAST_SHARE, MOST_CHUNKS / exporters.count);
    exporter.previous = latest;
    latest = exporter;
  }
}

/** The chunk that takes the next span of an exporter; the missing record if there is no room. */
export function openChunk(exporter: Exporter, now: u64): Chunk {
  if (exists(exporter.open)) return exporter.open;
  if (exporter.held >= exporter.most) return none<Chunk>();
  let chunk = freeChunk();
  if (!exists(chunk) && reclaim(now)) chunk = freeChunk();
  if (!exists(chunk)) return none<Chunk>();
  chunk.exporter = exporter;
  chunk.next = none<Chunk>();
  chunk.shareCount = 0;
  chunk.attempts = 0;
  beginPiece(chunk.start, chunkEnd(chunk));
  pieceText(exporter.opening);
  chunk.end = pieceEnd();
  exporter.open = chunk;
  exporter.held++;
  return chunk;
}

function freeChunk(): Chunk {
  const chunk = free;
  if (exists(chunk)) {
    free = chunk.next;
    return chunk;
  }
  if (chunkCount === MOST_CHUNKS) return none<Chunk>();
  if (chunks === 0) chunks = keepRecords<Chunk>(MOST_CHUNKS);
  if (chunks === 0) return none<Chunk>();
  const fresh = at<Chunk>(chunks, chunkCount);
  fresh.start = keep(CHUNK_BYTES);
  fresh.shares = keepRecords<Share>(MOST_SHARES);
  if (fresh.start === 0 || fresh.shares === 0) return none<Chunk>();
  chunkCount++;
  return fresh;
}

/** Where the text of a chunk has to end. */
export function chunkEnd(chunk: Chunk): usize {
  return chunk.start + <usize>(CHUNK_BYTES - TAIL_BYTES);
}

/** Begins a span in a chunk: with `piece.ts`, until `takeSpan`. */
export function beginSpanIn(chunk: Chunk): void {
  beginPiece(chunk.end, chunkEnd(chunk));
  if (chunk.shareCount > 0) pieceByte(COMMA);
}

/** Takes the span that was written into a chunk; false if the chunk has no room for one more policy. */
export function takeSpan(chunk: Chunk, policy: TracingPolicy): bool {
  let index = 0;
  while (index < chunk.shareCount && at<Share>(chunk.shares, index).policy !== policy) index++;
  if (index === MOST_SHARES) return false;
  const share = at<Share>(chunk.shares, index);
  if (index === chunk.shareCount) {
    share.policy = policy;
    share.spans = 0;
    chunk.shareCount++;
  }
  share.spans++;
  chunk.end = pieceEnd();
  return true;
}

/** Lets the open chunk of an exporter, if it has one with spans, wait to be sent. */
export function closeChunk(exporter: Exporter): void {
  const chunk = exporter.open;
  if (!exists(chunk) || chunk.shareCount === 0) return;
  exporter.open = none<Chunk>();
  // TAIL_BYTES leave room for it.
  beginPiece(chunk.end, chunk.end + <usize>exporter.closing.length);
  pieceText(exporter.closing);
  chunk.end = pieceEnd();
  if (exists(exporter.last)) exporter.last.next = chunk;
  else exporter.first = chunk;
  exporter.last = chunk;
}

/** Counts the spans of a chunk as accepted, or as dropped. */
export function countSpans(chunk: Chunk, accepted: bool): void {
  for (let i = 0; i < chunk.shareCount; i++) {
    const share = at<Share>(chunk.shares, i);
    countMany(accepted ? share.policy.exported : share.policy.dropped, share.spans);
  }
}

/** Gives back a chunk that waited or was under way. */
export function releaseChunk(chunk: Chunk): void {
  const exporter = chunk.exporter;
  let before = none<Chunk>();
  let one = exporter.first;
  // No queue is longer than MOST_CHUNKS.
  while (exists(one) && one !== chunk) {
    before = one;
    one = one.next;
  }
  if (!exists(one)) return;
  if (exists(before)) before.next = chunk.next;
  else exporter.first = chunk.next;
  if (exporter.last === chunk) exporter.last = before;
  exporter.held--;
  chunk.token = 0;
  chunk.next = free;
  free = chunk;
}

/**
 * Takes the chunks of roots that are gone: of an older configuration of this VM, whose ticks have ended, and whose calls Envoy took back without a word.
 * Whether there were any.
 */
function reclaim(now: u64): bool {
  let found = false;
  for (let exporter = latest; exists(exporter); exporter = exporter.previous) {
    if (exporter.held === 0 || exporter.lastTick + LOST_AFTER >= now) continue;
    closeChunk(exporter);
    while (exists(exporter.first)) {
      countSpans(exporter.first, false);
      releaseChunk(exporter.first);
    }
    exporter.underWay = 0;
    found = true;
  }
  return found;
}
