import { Needs, Slot, setAttribute, setTime } from "../lib/attributes";
import { readBodySize } from "../lib/body-size";
import { readCookies } from "../lib/cookies";
import { Interest } from "../lib/interest";
import { readParams } from "../lib/params";
import { readQuery } from "../lib/query";
import { exists, none } from "../lib/region";
import { readPrincipal } from "../proxy-wasm/client-certificate";
import { unixTime } from "../proxy-wasm/clock";
import { readRequestHeaders } from "../proxy-wasm/headers";
import { propertyLength, propertyStart } from "../proxy-wasm/properties";
import { readCaller } from "./caller";
import { Configuration } from "./configuration";
import { clearIdentity } from "./identity-headers";
import { Pipeline, pipelineOf } from "./routes";
import { readOperation, readProtocol, readRouteName, readSource } from "./source";

// Which pipeline a request goes through, and what has to be known of the request for it.

/** Reads what a pipeline asks for of the request at hand; false if the host fails. */
export function readRequest(configuration: Configuration, pipeline: Pipeline, ends: bool): bool {
  const needs = pipeline.needs;
  if ((needs & Needs.Headers) !== 0 && !readRequestHeaders(configuration.interest)) return false;
  if (AUTH && exists(configuration.identityHeaders) && !clearIdentity(configuration.identityHeaders)) return false;
  if (!AUTH && (needs & Needs.Identity) !== 0 && !readCaller(needs)) return false;
  if (needs > SELDOM) readSeldom(configuration.interest, pipeline, needs, ends);
  if ((needs & Needs.Source) !== 0) readSource();
  return true;
}

/** What lies above the needs that nearly every pipeline has. */
const SELDOM: i32 = Needs.Headers | Needs.Source | Needs.Route | Needs.Identity;

function readSeldom(interest: Interest, pipeline: Pipeline, needs: i32, ends: bool): void {
  if ((needs & Needs.Query) !== 0) readQuery(interest);
  if ((needs & Needs.Cookies) !== 0) readCookies(interest);
  if ((needs & Needs.Params) !== 0) readParams(pipeline.params, pipeline.paramCount);
  if ((needs & Needs.Protocol) !== 0) readProtocol();
  if ((needs & Needs.Time) !== 0) setTime(unixTime());
  if ((needs & Needs.Size) !== 0) readBodySize(interest, ends);
  if ((needs & Needs.Principal) !== 0) readPrincipal();
}

/** The pipeline for the route that Envoy chose; the missing record if there is none. */
export function findPipeline(configuration: Configuration): Pipeline {
  const routes = configuration.routes;
  const single = routes.single;
  if (exists(single) && (single.needs & Needs.Route) === 0) return single;
  if (!readRouteName()) return exists(single) ? single : none<Pipeline>();
  const pipeline = exists(single) ? single : pipelineOf(routes, propertyStart(), propertyLength());
  // Envoy may know it by another of its names.
  if (exists(pipeline) && pipeline !== single)
    setAttribute(Slot.RouteName, pipeline.route.start, pipeline.route.length);
  else setAttribute(Slot.RouteName, propertyStart(), propertyLength());
  return pipeline;
}

/** Reads more of it, which only spans tell. */
export function readMore(configuration: Configuration, pipeline: Pipeline, needs: i32, ends: bool): void {
  if (!AUTH && (needs & Needs.Identity) !== 0) readCaller(needs);
  if (needs > SELDOM) readSeldom(configuration.interest, pipeline, needs, ends);
  if ((needs & Needs.Source) !== 0) readSource();
  if ((needs & Needs.Operation) !== 0) readOperation();
}
