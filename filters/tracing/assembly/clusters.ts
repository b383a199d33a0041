import {
  arrayOf,
  firstElement,
  keepString,
  NOWHERE,
  nextElement,
  objectOf,
  refuse,
  refuseQuoting,
  requiredMember,
  stringOf,
} from "../../lib/document";
import { addressOf, at, exists, none } from "../../lib/region";
import { addName, findName, NameTable, newNameTable } from "../../lib/table";
import { Text } from "../../lib/text";

const MOST_CLUSTERS: i32 = 65536;
const LONGEST_NAME: i32 = 1024;

// Services by what Envoy calls their clusters, of the configuration that was read last: where somebody else names clusters, people know
// a service by another name.
let services: NameTable = none<NameTable>();

/** Reads the member `clusters`, which may be missing. */
export function readClusters(list: i32): bool {
  services = none<NameTable>();
  if (list === NOWHERE) return true;
  const count = arrayOf(list, 1, MOST_CLUSTERS);
  if (count < 0) return false;
  const table = newNameTable(count, true);
  if (!exists(table)) return refuse(list, "needs more memory than the module may have");
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (!objectOf(node, "name service")) return false;
    const name = requiredMember(node, "name");
    const service = requiredMember(node, "service");
    if (name === NOWHERE || service === NOWHERE) return false;
    if (!stringOf(name, 1, LONGEST_NAME) || !stringOf(service, 1, LONGEST_NAME)) return false;
    if (!addName(table, keepString(name), <i32>addressOf(keepString(service))))
      return refuseQuoting(name, "there already is a cluster", name);
  }
  services = table;
  return true;
}

/** What the service behind a cluster is called; the missing record if it is called as the cluster is. */
export function serviceOfCluster(start: usize, length: i32): Text {
  const found = exists(services) ? findName(services, start, length) : -1;
  return found < 0 ? none<Text>() : at<Text>(<usize>found, 0);
}
