/** What could be otherwise of an endpoint and is tried in virtual time: GPUs, flags, lengths, pictures, fleets. */

import type { Routing } from '../../engine/router.ts';
import type { SimulationOptions } from '../../engine/station.ts';
import { imageTokens } from '../../engine/vision.ts';
import type { Workload } from '../../scenario/workload.ts';
import { median } from '../../stats/quantile.ts';
import { plural } from '../../units.ts';
import { type EngineSettings, settingsText, withSettings } from './engine-settings.ts';
import type { RequestLengths, TrialWorkload } from './virtual-trial.ts';
import type { Variant } from './what-if.ts';

/** What the command line asks to be tried. */
export interface Asked {
  /** Names of GPU presets. */
  readonly gpus: readonly string[];
  readonly settings: EngineSettings;
  /** Sizes of fleets. */
  readonly fleets: readonly number[];
  readonly routing: Routing;
}

/** The endpoint as it was measured. */
export interface Measured {
  readonly engine: SimulationOptions;
  readonly workload: TrialWorkload;
  /** What figures rest on: the fit, or the presets where there is none. */
  readonly basis: string;
  /** In flight over all GPUs of the model. */
  readonly maxInFlight?: number;
  /** How the scenario describes what was asked; undefined of a mix. */
  readonly described?: Workload;
}

export const asMeasured = 'as it was measured';
/** The side in pixels that the service document allows at most. */
const largestPicture = 1024;

/** Everything that is tried: the endpoint as it was, then each change by itself, then fleets of the last one asked for. */
export function variantsOf(measured: Measured, asked: Asked): Variant[] {
  const { engine, workload, basis } = measured;
  const plain = (
    what: string,
    changed: Partial<Pick<Variant, 'workload'>> & { engine?: SimulationOptions },
    restsOn: string,
  ): Variant => ({
    what,
    workload: changed.workload ?? workload,
    fleet: { engine: changed.engine ?? engine, gpus: 1, routing: asked.routing, ...cap(measured) },
    fittedGpu: engine.gpu,
    restsOn,
  });
  const hasSettings = Object.keys(asked.settings).length > 0;
  const set = withSettings(engine, asked.settings);
  const gpus = asked.gpus.map(gpu =>
    plain(
      `on ${gpu}${hasSettings ? `, ${settingsText(asked.settings)}` : ''}`,
      { engine: { ...set, gpu } },
      `${basis} on ${engine.gpu}, carried over by the ratio of what the two presets take`,
    ),
  );
  const withSet = hasSettings ? [plain(settingsText(asked.settings), { engine: set }, basis)] : [];
  const chosen = [...withSet, ...gpus];
  const base = plain(asMeasured, {}, basis);
  const last = chosen.at(-1) ?? base;
  const largest = Math.max(0, ...asked.fleets);
  return [
    base,
    ...chosen,
    ...lengthChanges(measured).map(({ what, lengths }) =>
      plain(what, { workload: { ...workload, lengths } }, `${basis}, and lengths that were not measured`),
    ),
    ...asked.fleets.map(size => fleetOf(last, size, plural(size, 'GPU'))),
    ...(largest > 1 ? [fleetOf(last, largest - 1, `${largest - 1} of ${largest} GPUs`)] : []),
  ];
}

function fleetOf(variant: Variant, gpus: number, what: string): Variant {
  const prefix = variant.what === asMeasured ? '' : `${variant.what}, `;
  return { ...variant, what: `${prefix}${what}`, fleet: { ...variant.fleet, gpus } };
}

function cap({ maxInFlight }: Measured) {
  return maxInFlight === undefined ? {} : { maxInFlight };
}

interface LengthChange {
  readonly what: string;
  readonly lengths: readonly RequestLengths[];
}

function lengthChanges({ workload: { lengths }, described, engine }: Measured): LengthChange[] {
  const hasPictures = lengths.some(({ images }) => images > 0);
  const change = (what: string, of: (request: RequestLengths) => RequestLengths) => ({
    what,
    lengths: lengths.map(of),
  });
  const longer = (factor: number) => (request: RequestLengths) => ({
    ...request,
    outputTokens: Math.max(1, Math.round(request.outputTokens * factor)),
    maxNewTokens: Math.max(1, Math.round(request.maxNewTokens * factor)),
  });
  const middle = Math.round(median(lengths.map(({ outputTokens }) => outputTokens)) ?? 1);
  const isCut = lengths.some(({ outputTokens }) => outputTokens > middle);
  const capped = isCut ? middle : Math.max(1, Math.round(middle / 2));
  return [
    ...(hasPictures
      ? pictureChange(lengths, described, engine)
      : [change('prompts twice as long', request => ({ ...request, inputTokens: 2 * request.inputTokens }))]),
    change(`answers of ≤ ${capped} tokens`, request => ({
      ...request,
      outputTokens: Math.min(capped, request.outputTokens),
      maxNewTokens: Math.min(capped, request.maxNewTokens),
    })),
    change('answers 20 % longer', longer(1.2)),
    change('answers 20 % shorter', longer(0.8)),
  ];
}

/** Only of pictures of one size before a model whose count of them is known. */
function pictureChange(
  lengths: readonly RequestLengths[],
  described: Workload | undefined,
  engine: SimulationOptions,
): LengthChange[] {
  const made = described?.images?.generate;
  if (made === undefined || !engine.model.startsWith('llava')) return [];
  const more = imageTokens(largestPicture, largestPicture) - imageTokens(made.width, made.height);
  if (more === 0) return [];
  return [
    {
      what: `pictures ${made.width === made.height ? made.width : `${made.width} × ${made.height}`} → ${largestPicture} px`,
      lengths: lengths.map(request => ({ ...request, inputTokens: request.inputTokens + more * request.images })),
    },
  ];
}
