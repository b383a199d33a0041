import { createServer, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { LimitService, type LimitStatus } from "../../embedded/limit-service.js";
import {
  RateLimitResponse_Code as Code,
  RateLimitRequestSchema,
  RateLimitResponseSchema,
  RateLimitResponse_RateLimit_Unit as Unit,
} from "../../envoy/generated/envoy/service/ratelimit/v3/rls_pb.js";
import { ManualClock } from "../../host/clock.js";
import { serviceConfiguration } from "../../plan/global-limits.js";
import type { GatewayPlan } from "../../plan/plan.js";

/** What counts for all gateways in tests: the model of the ratelimit service, asked by gRPC on 127.0.0.1. */
export interface TestLimitService {
  readonly port: number;
  close(): Promise<void>;
}

const UNITS = {
  second: Unit.SECOND,
  minute: Unit.MINUTE,
  hour: Unit.HOUR,
  day: Unit.DAY,
  week: Unit.WEEK,
  month: Unit.MONTH,
} as const;

/** Messages of gRPC have a byte that tells whether they are compressed in front of them, and four of their length. */
const PREFIX_BYTES = 5;

/**
 * Gateways that ask under different domains share nothing. For each, time begins as in the embedded host.
 *
 * @param plans at least one; domains that are no plan's have the limits of the first
 */
export async function startLimitService(plans: readonly GatewayPlan[]): Promise<TestLimitService> {
  const configurations = plans.map((plan) => serviceConfiguration(plan) ?? { domain: plan.name, descriptors: [] });
  const byDomain = new Map(configurations.map((one) => [one.domain, one]));
  const [first] = configurations;
  if (first === undefined) throw new RangeError("a service without a plan counts nothing");
  const service = new LimitService();
  const begun = new Map<string, number>();
  const start = Number(new ManualClock().wall() / 1_000_000n);
  const judge = (message: Uint8Array): Uint8Array => {
    const { domain, descriptors, hitsAddend: general } = fromBinary(RateLimitRequestSchema, message);
    const configuration = byDomain.get(domain) ?? first;
    const since = begun.get(domain) ?? Date.now();
    begun.set(domain, since);
    const asked = descriptors.map(({ entries, hitsAddend }) => ({
      entries: entries.map(({ key, value }) => ({ key, value })),
      // That of the whole request is 0 if nobody says.
      calls: Number(hitsAddend ?? Math.max(general, 1)),
    }));
    const statuses = service.judge(configuration, domain, asked, start + Date.now() - since);
    return toBinary(
      RateLimitResponseSchema,
      create(RateLimitResponseSchema, {
        overallCode: statuses.some(({ isOver }) => isOver) ? Code.OVER_LIMIT : Code.OK,
        statuses: statuses.map(statusOf),
      }),
    );
  };
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
  });
  server.on("stream", (stream: ServerHttp2Stream, _: IncomingHttpHeaders) => answer(stream, judge));
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("the service that counts has no port");
  return {
    port: bound.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const session of sessions) session.destroy();
      }),
  };
}

function answer(stream: ServerHttp2Stream, judge: (message: Uint8Array) => Uint8Array): void {
  const parts: Buffer[] = [];
  // A client that leaves is no fault of ours.
  stream.on("error", () => {});
  stream.on("data", (part: Buffer) => parts.push(part));
  stream.on("end", () => {
    const message = judge(Buffer.concat(parts).subarray(PREFIX_BYTES));
    const prefix = Buffer.alloc(PREFIX_BYTES);
    prefix.writeUInt32BE(message.length, 1);
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(Buffer.concat([prefix, message]));
  });
}

function statusOf({ isOver, limit, remaining, resetSeconds }: LimitStatus) {
  return {
    code: isOver ? Code.OVER_LIMIT : Code.OK,
    ...(limit === undefined
      ? {}
      : {
          currentLimit: { name: limit.name, requestsPerUnit: limit.count, unit: UNITS[limit.unit] },
          limitRemaining: remaining,
          durationUntilReset: create(DurationSchema, { seconds: BigInt(resetSeconds) }),
        }),
  };
}
