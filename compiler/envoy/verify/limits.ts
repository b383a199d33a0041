import type { LocalRateLimitDescriptor } from "../generated/envoy/extensions/common/ratelimit/v3/ratelimit_pb.js";
import { LocalRateLimitSchema } from "../generated/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb.js";
import type { TokenBucket } from "../generated/envoy/type/v3/token_bucket_pb.js";
import { allOf, join, type Tree, type Violation } from "./located.js";

const shortestFillInterval = 50_000_000n;

/** Buckets of the local rate limit that fill more often than Envoy's timer allows, and descriptors that stand twice. */
export function localRateLimits(tree: Tree): Violation[] {
  return allOf(tree, LocalRateLimitSchema).flatMap(({ message, path }) => [
    ...bucketFaults(message.tokenBucket, join(path, "token_bucket")),
    ...message.descriptors.flatMap((descriptor, index) =>
      bucketFaults(descriptor.tokenBucket, join(path, `descriptors[${index}].token_bucket`)),
    ),
    ...descriptorFaults(message.descriptors, path),
  ]);
}

function bucketFaults(bucket: TokenBucket | undefined, path: string): Violation[] {
  const interval = bucket?.fillInterval;
  if (interval === undefined || interval.seconds * 1_000_000_000n + BigInt(interval.nanos) >= shortestFillInterval)
    return [];
  return [{ path: join(path, "fill_interval"), message: "must be at least 0.05s" }];
}

function descriptorFaults(descriptors: LocalRateLimitDescriptor[], path: string): Violation[] {
  const seen = new Set<string>();
  return descriptors.flatMap((descriptor, index) => {
    const key = JSON.stringify(descriptor.entries.map(({ key, value }) => [key, value]));
    if (seen.has(key)) return [{ path: join(path, `descriptors[${index}]`), message: "repeats a descriptor" }];
    seen.add(key);
    return [];
  });
}
