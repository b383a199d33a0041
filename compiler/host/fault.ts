/**
 * The module did something that this host does not model, or that its configuration does not allow. Never a part of the modelled
 * behaviour: it goes through the module to whoever drives the host.
 */
export class HostFault extends Error {
  override readonly name = "HostFault";
}

/** What Envoy turns into a trap of the module, and so into the end of the VM. */
export class Trap extends Error {
  override readonly name = "Trap";
}
