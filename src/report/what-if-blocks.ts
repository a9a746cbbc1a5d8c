/** What virtual time says of an endpoint: how far it is to be believed, then what would be if something were otherwise. */
import {
  type EngineFit,
  type FitErrors,
  type MeasureName,
  meanError,
  type Residual,
} from '../analysis/capacity/engine-fit.ts';
import type { EngineKnobs } from '../analysis/capacity/engine-replay.ts';
import { settingsText } from '../analysis/capacity/engine-settings.ts';
import { certaintyText } from '../analysis/capacity/virtual-plan.ts';
import type { VirtualStudy } from '../analysis/capacity/virtual-study.ts';
import { formatChange, formatNumber, formatRatio, missing } from '../units.ts';
import { rangeText } from './capacity-words.ts';
import type { Block, Callout, Facts, Table, TableCell } from './document.ts';
import { count, left, number, right } from './table-cells.ts';

/** The studies of some endpoints; nothing where there are none. */
export function whatIfBlocks(studies: readonly VirtualStudy[]): Block[] {
  if (studies.length === 0) return [];
  return [
    { kind: 'heading', text: 'What if: in virtual time' },
    ...studies.flatMap(study => [
      { kind: 'heading' as const, level: 3 as const, text: `${study.label}, simulated` },
      standing(study),
      ...doubts(study),
      ...(study.whatIfs.length === 0 ? [] : [whatIfTable(study)]),
      ...(study.fit.kind === 'fitted' ? [fitFacts(study, study.fit.fit), residualTable(study.fit.fit)] : []),
    ]),
    { kind: 'list', items: manual },
  ];
}

/** What the figures are worth, before any of them. */
function standing({ fit, isRehearsal, engine }: VirtualStudy): Callout {
  const preset = `${engine.model} on ${engine.gpu}`;
  if (fit.kind === 'impossible')
    return {
      kind: 'callout',
      tone: 'bad',
      text: `Simulated, uncalibrated: the preset of ${preset} as it is, within about 20 % of published tables; no money is made of it`,
      items: [`cannot be calibrated: ${fit.why}`],
    };
  const { residuals, errors } = fit.fit;
  const worth = `Simulated, calibrated on ${new Set(residuals.map(({ load }) => load)).size} measured loads: each, foretold from the others, was missed by ${formatRatio(meanError(residuals, 'foretold'))} in the mean; 90 % intervals of ${halfWidth(errors.speed)} in speed`;
  return isRehearsal
    ? {
        kind: 'callout',
        tone: 'doubt',
        text: `${worth}. A rehearsal: what was measured was itself a simulated ${engine.gpu}, so no money is made of it`,
      }
    : { kind: 'callout', tone: 'plain', text: worth };
}

function doubts({ doubts: own, assumed, unjudged, unusable }: VirtualStudy): Callout[] {
  const items = [
    ...own,
    ...assumed,
    ...(unjudged.length === 0
      ? []
      : [`not judged, for it takes the times of all tokens or more: ${unjudged.join(', ')}`]),
    ...unusable.map(({ label, why }) => `${label} is not used: ${why}`),
  ];
  return items.length === 0 ? [] : [{ kind: 'callout', tone: 'doubt', text: 'To be read with care', items }];
}

function whatIfTable(study: VirtualStudy): Table {
  const { whatIfs, objectives, arrivals, routing } = study;
  const routed = whatIfs.some(({ gpus }) => gpus > 1) ? `; router ${routing}` : '';
  const base = whatIfs[0]?.perS?.value ?? null;
  return {
    kind: 'table',
    caption: `at ${objectives.join(', ')}; arrivals ${arrivals}${routed}`,
    columns: [
      left('if'),
      right('GPUs'),
      right('requests/s'),
      right('from–to', 'requests/s'),
      right('change'),
      left('binds'),
      right('in flight'),
      right('response ms'),
      right('tokens/s'),
      left('origin'),
    ],
    rows: whatIfs.map((tried): TableCell[] => {
      const { what, gpus, perS, why, binding, inFlight, responseTimeMs, outputTokensPerS, restsOn } = tried;
      const change = perS === null || base === null ? null : perS.value / gpus / base - 1;
      return [
        { text: what, notes: [why === undefined ? `rests on ${restsOn}` : `${what}: ${why}`] },
        count(gpus),
        number(perS?.value ?? null),
        { text: rangeText(perS) },
        { text: change === null ? missing : formatChange(change), value: change },
        { text: binding ?? missing },
        number(inFlight),
        number(responseTimeMs),
        number(outputTokensPerS),
        { text: certaintyText(study, tried) },
      ];
    }),
  };
}

const knobs: readonly (readonly [keyof EngineKnobs, label: string, unit: string])[] = [
  ['floor', 'what every step takes', '× the preset'],
  ['slope', 'what a prompt token takes', '× the preset'],
  ['sequenceMs', 'host, a sequence and step', 'ms'],
  ['networkMs', 'outside the engine, a request', 'ms'],
];

function fitFacts({ engine }: VirtualStudy, fit: EngineFit): Facts {
  const { ranges, errors, residuals } = fit;
  const { gpu, model, limits, tgi = 'v2', kvCapacityTokens } = engine;
  const flags = settingsText({
    ...limits,
    ...(kvCapacityTokens === undefined ? {} : { maxBatchTotalTokens: kvCapacityTokens }),
    tgi,
  });
  return {
    kind: 'facts',
    items: [
      { label: 'the engine', text: `${model} on ${gpu}: ${flags}` },
      ...knobs.map(([name, label, unit]) => {
        const [least, most] = ranges[name].map(formatNumber);
        const spread = least === most ? '' : ` (${least} to ${most} without one of the loads)`;
        return { label, text: `${formatNumber(fit.knobs[name])} ${unit}${spread}` };
      }),
      { label: '90 % intervals', text: errorsText(errors) },
      {
        label: 'errors in the mean',
        text: `${formatRatio(meanError(residuals, 'fitted'))} of the loads it was fitted to, ${formatRatio(meanError(residuals, 'foretold'))} of loads foretold from the others`,
      },
    ],
  };
}

function errorsText({ speed, ttft, tpot, tokensPerS }: FitErrors): string {
  return `speed ${halfWidth(speed)}, TTFT ${halfWidth(ttft)}, TPOT ${halfWidth(tpot)}, tokens/s ${halfWidth(tokensPerS)}`;
}

/** Of a half-width in logarithms. */
function halfWidth(log: number): string {
  return `± ${formatRatio(Math.exp(log) - 1)}`;
}

const measures: readonly MeasureName[] = ['TTFT p50', 'TTFT p95', 'TPOT p50', 'TPOT p95', 'tokens/s'];

function residualTable({ residuals }: EngineFit): Table {
  const loads = [...new Set(residuals.map(({ load }) => load))];
  const rows = loads.flatMap(load => {
    // Repetitions of a load stand one after the other.
    const own = measures.map(measure => residuals.filter(each => each.load === load && each.measure === measure));
    const most = Math.max(...own.map(each => each.length));
    return Array.from({ length: most }, (_, i) => [{ text: load }, ...own.flatMap(each => residualCells(each[i]))]);
  });
  return {
    kind: 'table',
    caption: 'What was measured, and by how much the load misses it when it is foretold from the others',
    columns: [left('load'), ...measures.flatMap(measure => [right('measured', measure), right('missed by', measure)])],
    rows,
  };
}

function residualCells(residual: Residual | undefined): TableCell[] {
  if (residual === undefined) return [{ text: missing }, { text: missing }];
  const { measured, foretold } = residual;
  const miss = foretold / measured - 1;
  return [number(measured), { text: formatChange(miss), value: miss }];
}

const manual: readonly string[] = [
  'in virtual time: the lengths that were measured, drawn again, come to an engine model of TGI at rate after rate until an objective is missed; the same requests in every row',
  'from–to: how much faster or slower the engine had to be to show a measured load that it was not fitted to, and by how much the times that bind were missed, carried through the whole search; for another GPU wider by what both presets miss published tables by (20 %, 35 % of an approximate one)',
  'change: per GPU, against what was measured, in virtual time as well',
  'not known to it: speculative decoding, several GPUs in one endpoint, caches of prefixes, heat, neighbours; and what lies beyond the loads it was fitted to',
];
