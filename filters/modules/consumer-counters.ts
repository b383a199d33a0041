import { Consumer, Consumers } from "../authenticate/assembly/consumers";
import { addressOf, at, exists, keepRecord, keepRecords, none } from "../lib/region";
import { keepLiteral, Text } from "../lib/text";
import { count, NO_COUNTER, newConsumerCounter } from "../proxy-wasm/metrics";

// Requests by who made them: `sluice_consumers.<consumer>.{allowed,denied}`, of as many consumers as the configuration says by their names, of all others
// together as `_other`. Those that are counted by name are the first of the configuration, so that all workers count the same ones. Counters are defined when
// they are needed first.

/** Numbers of counters; 0 if there is none yet, as what a host gives is kept plus one. */
@unmanaged
class Counted {
  allowed: u32 = 0;
  denied: u32 = 0;
}

@unmanaged
export class ConsumerCounters {
  consumers: Consumers = none<Consumers>();
  /** How many are counted by name. */
  most: i32 = 0;
  /** Array of Counted: of each of these, and behind them of the others. */
  counters: usize = 0;
  /** What the others are called. No consumer of a policy file has such a name. */
  others: Text = none<Text>();
}

/** Counters of some consumers, for the life of the VM; the missing record without memory. */
export function newConsumerCounters(consumers: Consumers, most: i32): ConsumerCounters {
  const counters = keepRecord<ConsumerCounters>();
  counters.consumers = consumers;
  counters.most = min(most, consumers.count);
  counters.counters = keepRecords<Counted>(counters.most + 1);
  counters.others = keepLiteral("_other");
  return counters.counters === 0 ? none<ConsumerCounters>() : counters;
}

/** Counts a request of a consumer; nothing if it is of nobody. */
export function countConsumer(counters: ConsumerCounters, consumer: Consumer, allowed: bool): void {
  if (!exists(consumer)) return;
  const index = <i32>((addressOf(consumer) - counters.consumers.list) / offsetof<Consumer>());
  const isNamed = index < counters.most;
  const counted = at<Counted>(counters.counters, isNamed ? index : counters.most);
  let counter = allowed ? counted.allowed : counted.denied;
  if (counter === 0) {
    const name = isNamed ? consumer.name : counters.others;
    const made = newConsumerCounter(name.start, name.length, allowed ? "allowed" : "denied");
    if (made === NO_COUNTER) return;
    counter = made + 1;
    if (allowed) counted.allowed = counter;
    else counted.denied = counter;
  }
  count(counter - 1);
}
