import { addressOf, at, exists, none } from "../lib/region";

// Roots are the plugin configurations of this VM, one for each listener or filter that shares it.
//
// A compiled configuration has one root in a VM and does not let `proxy_on_context_create` be called: then the only root serves. Where there are
// several, the host tells on creation to which root a stream belongs. That is noted in a ring indexed by the number of the stream; the host counts up, and
// Envoy creates a stream and hands it its headers in one go (`Context::decodeHeaders`), so a note is read before the ring comes round. Should it have come
// round, or never been written, the root is unknown and the request is denied: never guessed. Nothing needs to be deleted.

const MOST_ROOTS: i32 = 1024;
const STREAMS: i32 = 8192;

@unmanaged
class Root {
  context: u32 = 0;
  /** Address of the record; 0 if there is none. */
  configuration: usize = 0;
}

@unmanaged
class Stream {
  context: u32 = 0;
  root: u32 = 0;
}

const ROOTS: usize = memory.data(MOST_ROOTS * 8, 8);
const RING: usize = memory.data(STREAMS * 8, 8);

let rootCount: i32 = 0;

function rootOf(context: u32): Root {
  for (let i = 0; i < rootCount; i++) {
    const root = at<Root>(ROOTS, i);
    if (root.context === context) return root;
  }
  return none<Root>();
}

/** Whether this VM serves a root already, with whatever configuration. */
export function hasRoots(): bool {
  return rootCount !== 0;
}

/**
 * Puts a configuration, or the missing record, in the place of the root's last one; false if there are too many roots. Requests of a root
 * without a configuration, and of one that is not here, are denied.
 */
export function setRoot<T>(context: u32, configuration: T): bool {
  let root = rootOf(context);
  if (!exists(root)) {
    if (rootCount === MOST_ROOTS) return false;
    root = at<Root>(ROOTS, rootCount++);
    root.context = context;
  }
  root.configuration = addressOf(configuration);
  return true;
}

/** Notes to which root a stream belongs. */
export function noteStream(context: u32, root: u32): void {
  const stream = at<Stream>(RING, <i32>(context & (STREAMS - 1)));
  stream.context = context;
  stream.root = root;
}

/** The configuration for a stream; the missing record if it cannot be told. */
export function configurationOf<T>(context: u32): T {
  if (rootCount === 1) return at<T>(at<Root>(ROOTS, 0).configuration, 0);
  const stream = at<Stream>(RING, <i32>(context & (STREAMS - 1)));
  if (stream.context !== context || context === 0) return none<T>();
  const root = rootOf(stream.root);
  return exists(root) ? at<T>(root.configuration, 0) : none<T>();
}

/** The number of the root of a stream; what only says whose calls it makes may be the one that there is. */
export function rootOfStream(context: u32): u32 {
  if (rootCount === 1) return at<Root>(ROOTS, 0).context;
  return at<Stream>(RING, <i32>(context & (STREAMS - 1))).root;
}

/** The configuration of a root; the missing record if it has none. */
export function configurationOfRoot<T>(context: u32): T {
  const root = rootOf(context);
  return exists(root) ? at<T>(root.configuration, 0) : none<T>();
}
