/** Services that only model a GPU: the embedded one, and one that was started by itself and says so. */
import { isMapping } from '../protocol/json.ts';
import type { Run } from './run.ts';

/** The address of the embedded service in `run.json`. */
export const embeddedUrl = 'embedded';

/** Whether a service says in its `/info` that it is simulated. */
export function saysSimulated(info: unknown): boolean {
  return isMapping(info) && info['docker_label'] === 'simulated';
}

type Served = {
  readonly environment: Pick<Run['environment'], 'service'>;
  readonly scenario: Pick<Run['scenario'], 'service'>;
};

/** Which GPU the service of a run models, `GPU` where that is not known; undefined where it is not simulated. */
export function simulatedGpu({ environment: { service }, scenario }: Served): string | undefined {
  if (!service.simulated) return undefined;
  return service.url === embeddedUrl ? scenario.service.embedded.gpu : 'GPU';
}
