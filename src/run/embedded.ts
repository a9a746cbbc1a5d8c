import { randomBytes } from 'node:crypto';
import type { Scenario } from '../scenario/resolve.ts';
import { documentedModel } from '../simulator/catalogue.ts';
import { type LaunchedService, launchService } from '../simulator/launch.ts';

/** The embedded service of a run: where it is, its token, and how late it is. */
export interface EmbeddedService {
  readonly url: string;
  readonly token: string;
  /** How late it wrote its tokens so far (p99, ms, the latest endpoint's), as last asked. */
  lagMs(): number | undefined;
  /** What it did in all. */
  statistics: LaunchedService['statistics'];
  stop(): Promise<void>;
}

/** How often it is asked how late it is. */
const askEveryMs = 1_000;

/** Starts the embedded service in its own process, serving every model and GPU that the scenario names. */
export async function startEmbedded(scenario: Scenario): Promise<EmbeddedService> {
  const token = randomBytes(24).toString('base64url');
  const gpusByModel = new Map<string, number[]>();
  for (const { model, gpu, url } of scenario.targets) {
    if (url === undefined && gpu !== undefined) gpusByModel.set(model, [...(gpusByModel.get(model) ?? []), gpu]);
  }
  const service = await launchService({
    port: 0,
    host: '127.0.0.1',
    token,
    seed: scenario.seed,
    models: [...gpusByModel].map(([model, gpus]) => documentedModel(model, gpus)),
    faults: [],
    ...scenario.service.embedded,
  });
  let lagMs: number | undefined;
  const timer = setInterval(() => {
    service.statistics().then(
      statistics => {
        const lags = statistics.endpoints.flatMap(endpoint => endpoint.lagMs?.p99 ?? []);
        lagMs = lags.length === 0 ? undefined : Math.max(...lags);
      },
      () => {},
    );
  }, askEveryMs);
  return {
    url: service.url,
    token,
    lagMs: () => lagMs,
    statistics: service.statistics,
    async stop() {
      clearInterval(timer);
      await service.stop();
    },
  };
}
