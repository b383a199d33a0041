import { Status } from "./abi.js";
import type { Border, HostFunctions } from "./border.js";

export interface SharedValue {
  readonly bytes: Uint8Array;
  /** Never 0; a new one with each write of any key. */
  readonly version: number;
}

/** Values that all VMs of a name see, on whatever worker (proxy-wasm-cpp-host, `SharedData`). There is no end to a value. */
export class SharedData {
  /** Called before each write, so that a test can let another worker come between. */
  beforeWrite: (key: string) => void = () => {};
  private readonly values = new Map<string, Map<string, SharedValue>>();
  private lastVersion = 0;

  get(vmId: string, key: string): SharedValue | undefined {
    return this.values.get(vmId)?.get(key);
  }

  /** Everything that the VMs of a name share. It may be looked into and changed. */
  valuesOf(vmId: string): Map<string, SharedValue> {
    const values = this.values.get(vmId) ?? new Map<string, SharedValue>();
    this.values.set(vmId, values);
    return values;
  }

  /** @param version of the value that is replaced; 0 for any. A key that is not there is made, whatever the version. */
  set(vmId: string, key: string, bytes: Uint8Array, version: number): number {
    this.beforeWrite(key);
    const values = this.valuesOf(vmId);
    const present = values.get(key);
    if (present !== undefined && version !== 0 && version !== present.version) return Status.CasMismatch;
    this.lastVersion++;
    values.set(key, { bytes, version: this.lastVersion });
    return Status.Ok;
  }
}

export function sharedDataFunctions({ memory, environment: { sharedData, vmId } }: Border): HostFunctions {
  return {
    proxy_get_shared_data: (start, length, startCell, lengthCell, versionCell) => {
      const key = memory.text(start, length);
      if (key === undefined) return Status.InvalidMemoryAccess;
      const value = sharedData.get(vmId, key);
      if (value === undefined) return Status.NotFound;
      const given = memory.give(value.bytes, startCell, lengthCell) && memory.putWord(versionCell, value.version);
      return given ? Status.Ok : Status.InvalidMemoryAccess;
    },
    proxy_set_shared_data: (start, length, valueStart, valueLength, version) => {
      const key = memory.text(start, length);
      const value = memory.bytes(valueStart, valueLength);
      if (key === undefined || value === undefined) return Status.InvalidMemoryAccess;
      return sharedData.set(vmId, key, value, version);
    },
  };
}
