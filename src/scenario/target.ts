import type { ProtocolName, ScenarioFile } from './scenario.ts';

/** One endpoint under test. */
export interface Target {
  /** Unique in the scenario: `model/gpuN`, or the name it was given. */
  readonly name: string;
  readonly model: string;
  readonly gpu?: number;
  readonly protocol: ProtocolName;
  /** Where it is: a path below the service's URL, or a whole URL of its own. */
  readonly path: string;
  readonly url?: string;
  readonly workloads: readonly string[];
  /** Where all of them go into one cell: their weights. */
  readonly mix?: readonly number[];
  readonly devices?: readonly string[];
}

/** An endpoint with what its entry in the file said besides. */
export interface TargetEntry {
  readonly target: Target;
  readonly entry: number;
  readonly token: string | undefined;
}

/** One entry of `targets` is an endpoint per GPU, or a single one with a URL of its own. */
export function targetsOf({ targets, service }: ScenarioFile): TargetEntry[] {
  return targets.flatMap((entry, index) => endpointsOf(entry, index, service.protocol));
}

function endpointsOf(
  entry: ScenarioFile['targets'][number],
  index: number,
  serviceProtocol: ProtocolName,
): TargetEntry[] {
  const protocol = entry.protocol ?? serviceProtocol;
  const rest = {
    protocol,
    workloads: entry.workloads,
    ...(entry.mix === undefined ? {} : { mix: entry.mix }),
    ...(entry.devices === undefined ? {} : { devices: entry.devices }),
  };
  const token = entry.token || undefined;
  if (entry.url !== undefined) {
    const name = entry.name ?? entry.model ?? entry.url;
    return [{ target: { name, model: entry.model ?? name, path: '', url: entry.url, ...rest }, entry: index, token }];
  }
  const model = entry.model ?? '';
  return (entry.gpus ?? []).map(gpu => ({
    target: { name: `${entry.name ?? model}/gpu${gpu}`, model, gpu, path: pathOf(model, gpu, protocol), ...rest },
    entry: index,
    token,
  }));
}

/** Below the documented path the gateway lets TGI's own routes through, its chat route among them. */
function pathOf(model: string, gpu: number, protocol: ProtocolName): string {
  const generate = `/${model}/gpu${gpu}/generate`;
  return protocol === 'tgi' ? generate : `${generate}/v1/chat/completions`;
}

/** Whether a target's name is one that a glob with `*` and `?` means; no glob means every one. */
export function matches(name: string, glob: string | undefined): boolean {
  if (glob === undefined) return true;
  const pattern = glob
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${pattern}$`).test(name);
}

/** The workload of a cell that draws its requests from several. */
export const mixed = 'mixed';
