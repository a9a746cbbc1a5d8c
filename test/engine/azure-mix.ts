import { createEngine, type EngineLimits } from '../../src/engine/engine.ts';
import type { Arrival } from '../../src/engine/simulate.ts';
import { seededRandom } from '../../src/random.ts';

/**
 * Quantiles of the token counts in Azure's conversation trace of 2023 (Azure/AzurePublicDataset, CC-BY 4.0; Splitwise,
 * ISCA 2024).
 */
const quantiles = [0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1];
const inputKnots = [2, 29, 181, 207, 387, 403, 703, 1020, 1071, 1130, 1315, 2734, 4083, 4098, 4142, 4831, 14_050];
const outputKnots = [7, 16, 41, 54, 77, 91, 103, 129, 177, 384, 400, 424, 451, 540, 601, 643, 1000];

/** Linear between the knots in the logarithm. */
function drawTokens(knots: readonly number[], uniform: number): number {
  const upper = Math.max(
    1,
    quantiles.findIndex(quantile => quantile >= uniform),
  );
  const [low, high] = [quantiles[upper - 1] as number, quantiles[upper] as number];
  const [from, to] = [knots[upper - 1] as number, knots[upper] as number];
  return Math.round(from * (to / from) ** ((uniform - low) / (high - low)));
}

/** One container that serves it, with the waiting tokens of the deployed ones. */
export const azureLimits: EngineLimits = {
  maxConcurrentRequests: 100,
  maxInputTokens: 4096,
  maxTotalTokens: 8192,
  maxBatchPrefillTokens: 4096,
  maxWaitingTokens: 10,
};

/** Azure-like conversations as a Poisson process; prompts longer than the container takes are cut to its limit. */
export function azureMix(ratePerS: number, durationMs: number, seed = 1): Arrival[] {
  const random = seededRandom(seed, 'azure mix');
  const arrivals: Arrival[] = [];
  for (let atMs = 0, id = 0; ; id++) {
    atMs += random.exponential(ratePerS / 1000);
    if (atMs > durationMs) return arrivals;
    const inputTokens = Math.min(azureLimits.maxInputTokens, drawTokens(inputKnots, random.uniform()));
    const outputTokens = drawTokens(outputKnots, random.uniform());
    arrivals.push({ id, atMs, inputTokens, images: 0, maxNewTokens: outputTokens, outputTokens });
  }
}

/** What clients of Mistral-7B on an A100 see of two minutes of such arrivals; each list in rising order. */
export interface AzureRun {
  readonly ttftMs: readonly number[];
  readonly itlMs: readonly number[];
  readonly responseMs: readonly number[];
  readonly overloaded: number;
  readonly mostInFlight: number;
  readonly busyRatio: number;
}

export function serveAzureMix(ratePerS: number, limits: Partial<EngineLimits> = {}): AzureRun {
  const lastTokenMs = new Map<number, number>();
  const run = { ttftMs: [] as number[], itlMs: [] as number[], responseMs: [] as number[] };
  const arrivals = azureMix(ratePerS, 120_000);
  const engine = createEngine({
    gpu: 'A100-80G',
    model: 'mistral-7b',
    limits: { ...azureLimits, ...limits },
    jitter: 'none',
    onToken(id, index, atMs, last) {
      const arrivedMs = arrivals[id]?.atMs ?? Number.NaN;
      if (index === 1) run.ttftMs.push(atMs - arrivedMs);
      else run.itlMs.push(atMs - (lastTokenMs.get(id) ?? Number.NaN));
      if (last) run.responseMs.push(atMs - arrivedMs);
      lastTokenMs.set(id, atMs);
    },
  });
  let mostInFlight = 0;
  for (const arrival of arrivals) {
    engine.submit(arrival, arrival.atMs);
    mostInFlight = Math.max(mostInFlight, engine.state().permits);
  }
  engine.advance(120_000);
  const { busyMs } = engine.state();
  engine.advance(Number.POSITIVE_INFINITY);
  for (const list of [run.ttftMs, run.itlMs, run.responseMs]) list.sort((a, b) => a - b);
  return { ...run, overloaded: engine.state().overloaded, mostInFlight, busyRatio: busyMs / 120_000 };
}

/** The value below which a share of a list in rising order lies. */
export function quantileOf(rising: readonly number[], q: number): number {
  return rising[Math.min(rising.length - 1, Math.floor(q * rising.length))] ?? Number.NaN;
}
