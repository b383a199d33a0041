import { none } from "../../lib/region";
import { Text } from "../../lib/text";
import { Consumer } from "./consumers";

// Whom a method found the caller of the request at hand to be. Good while the request is judged.

/** The consumer whose credential it is; the missing record if it is none's. */
export let foundConsumer: Consumer = none<Consumer>();
/** The name of the method, as `auth.method` has it; the missing record if nobody was found. */
export let foundBy: Text = none<Text>();

export function forgetFinding(): void {
  foundConsumer = none<Consumer>();
  foundBy = none<Text>();
}

/** Notes a caller that is a consumer. */
export function findConsumer(consumer: Consumer, method: Text): void {
  foundConsumer = consumer;
  foundBy = method;
}
