import { Errno } from "./abi.js";
import type { Border, HostFunctions } from "./border.js";
import { bytesOf } from "./byte-text.js";
import type { Calls } from "./calls.js";
import type { Clock } from "./clock.js";
import type { LogSink } from "./log.js";
import type { Metrics } from "./metrics.js";
import type { Random } from "./random.js";
import type { SharedData } from "./shared-data.js";

/** What a VM finds around it. */
export interface Environment {
  readonly clock: Clock;
  readonly random: Random;
  readonly sharedData: SharedData;
  readonly metrics: Metrics;
  readonly calls: Calls;
  readonly log: LogSink;
  /** Environment variables, in order. Texts are byte texts. */
  readonly variables: ReadonlyMap<string, string>;
  /** Shared data belongs to all VMs of a name. */
  readonly vmId: string;
  readonly vmConfiguration: Uint8Array;
}

export function environmentFunctions({ memory, environment: { variables } }: Border): HostFunctions {
  const all = () => [...variables].map(([name, value]) => bytesOf(`${name}=${value}\0`));
  return {
    environ_sizes_get: (countCell, bytesCell) => {
      const bytes = all().reduce((sum, variable) => sum + variable.length, 0);
      return memory.putWord(countCell, variables.size) && memory.putWord(bytesCell, bytes)
        ? Errno.Success
        : Errno.Fault;
    },
    environ_get: (pointers, buffer) => {
      let position = buffer;
      const put = (variable: Uint8Array, index: number): boolean => {
        if (!memory.putWord(pointers + 4 * index, position) || !memory.putBytes(position, variable)) return false;
        position += variable.length;
        return true;
      };
      return all().every(put) ? Errno.Success : Errno.Fault;
    },
    args_sizes_get: (countCell, bytesCell) =>
      memory.putWord(countCell, 0) && memory.putWord(bytesCell, 0) ? Errno.Success : Errno.Fault,
    args_get: (_pointers, _buffer) => Errno.Success,
  };
}
