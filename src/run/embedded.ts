import { randomBytes } from 'node:crypto';
import type { Scenario } from '../scenario/resolve.ts';
import { documentedModel } from '../simulator/catalogue.ts';
import { launchService, nvidiaSmiOf } from '../simulator/launch.ts';
import type { LookAlike } from './telemetry.ts';

/** The embedded service of a run: where it is, its token, and how late it is. */
export interface EmbeddedService {
  readonly url: string;
  readonly token: string;
  /** The share of its tokens it wrote late, by more than a tenth of their step, in the last second or so. */
  lateRatio(): number | undefined;
  /** What shows its GPUs. */
  readonly lookAlike: LookAlike;
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
    ...scenario.service.embedded,
  });
  let before = { tokens: 0, lateTokens: 0 };
  let lateRatio: number | undefined;
  const look = async () => {
    const { endpoints } = await service.statistics();
    const now = { tokens: 0, lateTokens: 0 };
    for (const endpoint of endpoints) {
      now.tokens += endpoint.tokens;
      now.lateTokens += endpoint.lateTokens;
    }
    const tokens = now.tokens - before.tokens;
    lateRatio = tokens === 0 ? undefined : (now.lateTokens - before.lateTokens) / tokens;
    before = now;
  };
  const timer = setInterval(() => void look().catch(() => {}), askEveryMs);
  return {
    url: service.url,
    token,
    lateRatio: () => lateRatio,
    lookAlike: nvidiaSmiOf(service),
    async stop() {
      clearInterval(timer);
      await service.stop();
    },
  };
}
