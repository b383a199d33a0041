import { endSettling, settleAgain, settle as settleQuestion } from "../authenticate/assembly/introspect";
import { fetchOnTick, settleFetch } from "../authenticate/assembly/key-fetch";
import { answeredQuestion, dropQuestion, Question, questionOf } from "../authenticate/assembly/questions";
import { exists } from "../lib/region";
import { beginCallback } from "../proxy-wasm/memory";
import { beatOfFlights } from "../rate-limit/assembly/in-flight";
import { hasFlights } from "../rate-limit/assembly/policy";
import { sendOnTick, settle } from "../tracing/assembly/delivery";
import { Configuration } from "./configuration";
import { resumeNext } from "./pipeline";
import { configurationOfRoot } from "./roots";
import { tickRegularly, tickSoon } from "./services";

// The entry points of modules that ask services of their own accord: time that passes, and answers. Where no configuration has somebody to ask, nothing makes
// the host call them.

export function proxy_on_tick(root: u32): void {
  beginCallback();
  if (RATE_LIMIT && hasFlights()) beatOfFlights();
  const configuration = configurationOfRoot<Configuration>(root);
  if (!exists(configuration)) return;
  if (AUTH) tellMore(root, configuration);
  if (AUTH) fetchOnTick(configuration.remoteKeys);
  if (TRACING) sendOnTick(configuration.exporters);
}

/** Whoever made the call knows its number. An answer that nobody waits for any more is nobody's. */
export function proxy_on_http_call_response(root: u32, token: u32, _headers: u32, bodySize: u32, _trailers: u32): void {
  beginCallback();
  const configuration = configurationOfRoot<Configuration>(root);
  if (AUTH && exists(configuration) && settleFetch(configuration.remoteKeys, token, bodySize)) return;
  if (TRACING && settle(root, token)) return;
  if (AUTH && answer(root, token, bodySize)) return;
}

/** Tells the next of those who wait for an answer that is there. */
function tellMore(root: u32, configuration: Configuration): void {
  const question = answeredQuestion(root);
  if (!exists(question)) return;
  settleAgain(question);
  if (tell(question) && !exists(answeredQuestion(root))) tickRegularly(configuration);
}

/** Whether all have been told who waited. */
function tell(question: Question): bool {
  resumeNext(question);
  endSettling();
  if (exists(question.waiter)) return false;
  dropQuestion(question);
  return true;
}

/** Whether a request waited for it, or several; they are judged now. */
function answer(root: u32, token: u32, bodySize: u32): bool {
  const question = questionOf(root, token);
  if (!exists(question)) return false;
  settleQuestion(question, <i32>min(bodySize, <u32>i32.MAX_VALUE));
  if (!tell(question)) tickSoon();
  return true;
}
