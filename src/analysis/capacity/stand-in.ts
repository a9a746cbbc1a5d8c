/** Which engine stands for an endpoint: its GPU and model among the presets, and the limits it was started with, as far as those are known. */

import { deployedCatalogue, documentedDeployment } from '../../engine/catalogue.ts';
import { gpuPresets } from '../../engine/gpu.ts';
import type { SimulationOptions } from '../../engine/station.ts';
import { isMapping } from '../../protocol/json.ts';
import type { CellResult, Run } from '../../record/run.ts';
import { embeddedUrl } from '../../record/simulated-service.ts';
import { type EngineSettings, withSettings } from './engine-settings.ts';
import type { ObservedLoad } from './observed-load.ts';

export interface StandIn {
  readonly engine: SimulationOptions;
  /** What was taken for granted, each with what to do where it is wrong. */
  readonly assumed: readonly string[];
}

const gpuWhereUnknown = 'A100-80G';

/** The engine for an endpoint that was measured at some loads; `known` says how the service was started. */
export function standInFor(
  { environment, scenario }: Pick<Run, 'environment' | 'scenario'>,
  { target, gpu }: Pick<CellResult, 'target' | 'gpu'>,
  loads: readonly ObservedLoad[],
  known: EngineSettings = {},
): StandIn {
  const isEmbedded =
    environment.service.url === embeddedUrl &&
    scenario.targets.find(({ name }) => name === target.name)?.url === undefined;
  const devices = gpu?.devices.length ?? 1;
  const deployment = documentedDeployment(target.model);
  const facts = environment.service.models?.[target.model];
  const info = isMapping(environment.service.info) ? environment.service.info : {};
  const told = (name: string) => (typeof info[name] === 'number' ? (info[name] as number) : undefined);
  const longest = (of: (request: ObservedLoad['requests'][number]) => number) =>
    Math.max(1, ...loads.map(({ requests }) => requests.reduce((most, request) => Math.max(most, of(request)), 0)));
  const taken = isEmbedded
    ? { name: scenario.service.embedded.gpu, assumed: [] }
    : gpuLike(gpu?.devices.flatMap(({ name }) => name ?? []) ?? []);
  const model = isEmbedded ? { name: deployment.preset, assumed: [] } : modelLike(info['model_id'], target.model);
  const version = typeof info['version'] === 'string' ? info['version'] : '';
  const limits = {
    maxConcurrentRequests:
      told('max_concurrent_requests') ?? scenario.limits.concurrentPerModel ?? deployment.limits.maxConcurrentRequests,
    maxInputTokens: facts?.maxInputTokens ?? deployment.limits.maxInputTokens,
    maxTotalTokens: facts?.maxTotalTokens ?? deployment.limits.maxTotalTokens,
  };
  const engine: SimulationOptions = {
    gpu: taken.name,
    model: model.name,
    limits: {
      ...limits,
      maxInputTokens: Math.max(
        limits.maxInputTokens,
        longest(({ inputTokens }) => inputTokens),
      ),
      maxTotalTokens: Math.max(
        limits.maxTotalTokens,
        longest(({ inputTokens, maxNewTokens }) => inputTokens + maxNewTokens),
      ),
    },
    ...(version.startsWith('3') ? { tgi: 'v3' as const } : {}),
  };
  const flags = isEmbedded
    ? []
    : ['its launcher flags are those of TGI by default, where it does not tell them: say them with --engine'];
  const several =
    devices > 1 ? [`it runs on ${devices} GPUs, for which one engine stands: its figures are of all ${devices}`] : [];
  return { engine: withSettings(engine, known), assumed: [...taken.assumed, ...model.assumed, ...flags, ...several] };
}

/** The preset of a GPU by the name that its driver gives it. */
function gpuLike(names: readonly string[]): { readonly name: string; readonly assumed: readonly string[] } {
  const [name] = names;
  const exact = Object.entries(gpuPresets).find(([, { productName }]) => productName === name);
  if (exact !== undefined) return { name: exact[0], assumed: [] };
  const like = Object.keys(gpuPresets).find(preset =>
    new RegExp(`\\b${preset.split('-').find(word => /\d/.test(word)) as string}\\b`).test(name ?? ''),
  );
  const called = name === undefined ? 'its GPU is not known' : `its GPU is a ${name}`;
  return {
    name: like ?? gpuWhereUnknown,
    assumed: [
      `${called}, for which the preset ${like ?? gpuWhereUnknown} stands; the fit makes up for its speed, not for its memory`,
    ],
  };
}

/** The preset of a model by its id on the hub or, where that is not known, by its route. */
function modelLike(id: unknown, route: string): { readonly name: string; readonly assumed: readonly string[] } {
  const known = deployedCatalogue.find(({ modelId }) => modelId === id);
  if (known !== undefined) return { name: known.preset, assumed: [] };
  const { preset } = documentedDeployment(route);
  const called = typeof id === 'string' ? `its model is ${id}` : `its model is known by the name ${route} only`;
  return { name: preset, assumed: [`${called}, for which the preset ${preset} stands`] };
}
