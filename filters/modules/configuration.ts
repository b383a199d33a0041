import { Consumers, readConsumers } from "../authenticate/assembly/consumers";
import { beginRemoteKeys, RemoteKeys, remoteKeysRead } from "../authenticate/assembly/remote-keys";
import {
  arrayOf,
  documentIsWrong,
  firstElement,
  integerAt,
  integerOf,
  isArray,
  member,
  NOWHERE,
  nextElement,
  objectOf,
  refuse,
  refuseQuoting,
  requiredMember,
  stringIs,
} from "../lib/document";
import { Interest, newInterest } from "../lib/interest";
import { at, exists, keepRecord, keepRecords, none } from "../lib/region";
import { addName, NameTable, newNameTable } from "../lib/table";
import { wipeEnvironment } from "../proxy-wasm/environment";
import { readClusters } from "../tracing/assembly/clusters";
import { Exporters, readExporters } from "../tracing/assembly/exporter";
import { readConduct } from "./conduct";
import { ConsumerCounters, newConsumerCounters } from "./consumer-counters";
import { addClaimHeaders, IdentityHeaders, newIdentityHeaders, signsBodies } from "./identity-headers";
import { Kind, Policy, readPolicy } from "./kinds";
import { checked, openConfiguration, openVariables } from "./opening";
import { Routes, readRoutes } from "./routes";

// What a root runs: one JSON document (see README.md), turned into tables. Nothing is kept of one that is wrong anywhere.

const MOST_POLICIES: i32 = 1024;

@unmanaged
export class Configuration {
  consumers: Consumers = none<Consumers>();
  /** There if requests are counted by consumer. */
  consumerCounters: ConsumerCounters = none<ConsumerCounters>();
  interest: Interest = none<Interest>();
  routes: Routes = none<Routes>();
  /** There if the module writes identity headers itself (`results: headers`). */
  identityHeaders: IdentityHeaders = none<IdentityHeaders>();
  /** 1: it writes the headers that carry a trace itself. */
  writesTrace: i32 = 0;
  /** 1: requests of some route are traced. */
  traces: i32 = 0;
  /** Where spans go. */
  exporters: Exporters = none<Exporters>();
  /** The first of the sets of keys that services publish. */
  remoteKeys: RemoteKeys = none<RemoteKeys>();
}

/** Reads the configuration of `length` bytes; the missing record, with the reason logged, if it cannot be used. */
export function configure(length: i32): Configuration {
  const isOpen = openConfiguration(length) && (!AUTH || openVariables());
  const configuration = isOpen ? readDocument(0) : none<Configuration>();
  if (AUTH) wipeEnvironment();
  return checked<Configuration>(configuration);
}

const MEMBERS: string = TRACING
  ? AUTH
    ? "version results consumers countedConsumers exporters clusters policies routes"
    : "version results consumers exporters clusters policies routes"
  : AUTH
    ? "version results consumers countedConsumers policies routes"
    : "version results consumers policies routes";

function readDocument(root: i32): Configuration {
  if (!objectOf(root, MEMBERS)) return none<Configuration>();
  const version = requiredMember(root, "version");
  const results = requiredMember(root, "results");
  const consumers = requiredMember(root, "consumers");
  const policies = requiredMember(root, "policies");
  const routes = requiredMember(root, "routes");
  if (documentIsWrong() || !integerOf(version, 1, 1)) return none<Configuration>();
  const configuration = keepRecord<Configuration>();
  configuration.interest = newInterest();
  if (!exists(configuration.interest)) return none<Configuration>();
  if (!readResults(results, configuration)) return none<Configuration>();
  if (AUTH) {
    configuration.consumers = readConsumers(consumers);
    if (!exists(configuration.consumers)) return none<Configuration>();
    if (!readCounted(member(root, "countedConsumers"), configuration)) return none<Configuration>();
  } else if (!isEmptyList(consumers)) {
    refuse(consumers, "must be an empty list: this module looks at no credential");
    return none<Configuration>();
  }
  if (TRACING && !readCollectors(member(root, "exporters"), configuration)) return none<Configuration>();
  if (TRACING && !readClusters(member(root, "clusters"))) return none<Configuration>();
  if (AUTH) beginRemoteKeys();
  const names = readPolicies(policies, results, configuration);
  if (!exists(names)) return none<Configuration>();
  if (AUTH) configuration.remoteKeys = remoteKeysRead();
  configuration.routes = readRoutes(
    routes,
    names,
    policyList,
    configuration.interest,
    exists(configuration.identityHeaders) || configuration.writesTrace !== 0,
  );
  return exists(configuration.routes) ? configuration : none<Configuration>();
}

const MOST_COUNTED: i32 = 1000;

function readCounted(node: i32, configuration: Configuration): bool {
  if (node === NOWHERE) return true;
  if (!integerOf(node, 1, MOST_COUNTED)) return false;
  configuration.consumerCounters = newConsumerCounters(configuration.consumers, <i32>integerAt(node));
  return exists(configuration.consumerCounters) || refuse(node, "needs more memory than the module may have");
}

/** How results reach whom they are for; a module that neither knows callers nor traces writes no request header. */
function readResults(node: i32, configuration: Configuration): bool {
  if (stringIs(node, "filterState")) return true;
  if (!AUTH && !TRACING) return refuse(node, 'must be "filterState": this module writes no request header');
  if (!stringIs(node, "headers")) return refuse(node, 'must be "filterState" or "headers"');
  if (TRACING) configuration.writesTrace = 1;
  if (!AUTH) return true;
  configuration.identityHeaders = newIdentityHeaders(configuration.interest);
  return exists(configuration.identityHeaders) || refuse(node, "needs more memory than the module may have");
}

function readCollectors(node: i32, configuration: Configuration): bool {
  configuration.exporters = keepRecord<Exporters>();
  return readExporters(node, configuration.exporters);
}

function isEmptyList(node: i32): bool {
  return isArray(node) && firstElement(node) === NOWHERE;
}

// Array of Policy, as read last.
let policyList: usize = 0;

/** Reads the policies; the table of their names, or the missing record. */
function readPolicies(list: i32, results: i32, configuration: Configuration): NameTable {
  const count = arrayOf(list, 0, MOST_POLICIES);
  if (count < 0) return none<NameTable>();
  const names = newNameTable(count, false);
  policyList = keepRecords<Policy>(count);
  if (!exists(names) || policyList === 0) return none<NameTable>();
  let index = 0;
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    const policy = at<Policy>(policyList, index);
    if (!readPolicy(node, policy, configuration.interest) || !readConduct(node, policy, configuration.interest))
      return none<NameTable>();
    if (TRACING && policy.kind === Kind.Tracing) configuration.traces = 1;
    if (AUTH && policy.kind === Kind.Authenticate && exists(configuration.identityHeaders)) {
      if (signsBodies(policy.authenticate)) {
        refuse(
          results,
          'must be "filterState" where a signature covers content-digest: nobody behind would compare it',
        );
        return none<NameTable>();
      }
      if (!addClaimHeaders(configuration.identityHeaders, policy.authenticate)) {
        refuse(node, "needs more memory than the module may have");
        return none<NameTable>();
      }
    }
    if (policy.kind === Kind.RateLimit && exists(configuration.identityHeaders)) {
      refuse(results, 'must be "filterState" where there is a rateLimit');
      return none<NameTable>();
    }
    if (!addName(names, policy.name, index)) {
      refuseQuoting(node, "there already is a policy", requiredMember(node, "name"));
      return none<NameTable>();
    }
    index++;
  }
  return names;
}
