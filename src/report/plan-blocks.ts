/** The parts of a capacity report that answer a demand: how many GPUs, what stands in the way, what would change it. */
import { provenanceText } from '../analysis/capacity/figure.ts';
import type { Forecast } from '../analysis/capacity/forecast.ts';
import type { Cap, ModelPlan, Plan, PlannedPart } from '../analysis/capacity/plan.ts';
import type { Sensitivity } from '../analysis/capacity/what-changes.ts';
import { formatChange, formatNumber, formatRatio, missing } from '../units.ts';
import { countText, planText, rangeText } from './capacity-words.ts';
import { costBlocks, costFigures } from './cost-blocks.ts';
import type { Block, Callout, Figure, Table } from './document.ts';
import { left, number, right } from './table-cells.ts';

/** What a plan comes to, before anything else. */
export function planAnswer({ plan }: Forecast): Callout[] {
  const { models, unplanned, gateway } = plan;
  const missed = unplanned.map(({ model, workload, why }) => `no plan for ${model} ${workload}: ${why}`);
  if (models.length === 0)
    return [{ kind: 'callout', tone: 'bad', text: 'No plan, and no number of GPUs:', items: missed }];
  const stopped = gateway?.binds || models.some(({ cap }) => cap?.verdict === 'binds');
  return [
    {
      kind: 'callout',
      tone: stopped || missed.length > 0 ? 'bad' : 'plain',
      text: `${planText(plan, plan.binding)}${missed.length > 0 ? '; for a part of the demand only' : ''}`,
      items: [
        ...(models.length === 1 ? [] : models.map(model => `${model.model}: ${planText(model, model.binding)}`)),
        ...missed,
        ...gatewayWords(plan),
        ...models.flatMap(capWords),
        ...models.flatMap(({ parts }) => parts.flatMap(lengthWords)),
      ],
    },
  ];
}

function gatewayWords({ gateway }: Plan): string[] {
  if (!gateway?.binds) return [];
  return [
    `the gateway binds before any GPU does: it lets ${formatNumber(gateway.limitPerS)} requests/s through, and ${formatNumber(gateway.demandPerS)}/s are asked for in the busiest hour; more GPUs change nothing`,
  ];
}

function capWords({ model, cap }: ModelPlan): string[] {
  if (cap?.verdict !== 'binds' && cap?.verdict !== 'may bind') return [];
  const may = cap.verdict === 'may bind' ? 'may bind' : 'binds before its GPUs do';
  return [
    `${model}: the limit of ${cap.concurrent} requests in flight ${may}: by Little's law it lets ${capRange(cap)} requests/s through, however many GPUs there are; serve the model under several names, or have the limit raised`,
  ];
}

function capRange({ perS }: Cap): string {
  return perS === null ? missing : rangeText({ ...perS, value: perS.low });
}

function lengthWords({ demand, supply, isAsLong }: PlannedPart): string[] {
  if (isAsLong !== false || demand.tokens === null) return [];
  const { input, output } = demand.tokens;
  return [
    `${demand.model} ${demand.workload}: this holds for requests as they were measured (${formatNumber(supply.inputTokens ?? 0)} tokens in, ${formatNumber(supply.outputTokens ?? 0)} out), and planned are ${formatNumber(input)} in, ${formatNumber(output)} out; nothing was scaled to them: measure a workload that long`,
  ];
}

/** The few numbers of a plan. */
export function planFigures(forecast: Forecast): Block[] {
  const { plan } = forecast;
  if (plan.models.length === 0) return [];
  const items: Figure[] = [
    {
      label: 'GPUs',
      text: countText(plan.gpus),
      detail: `${plan.policy.spare} spare a model, ${formatRatio(plan.policy.utilisation)} used in the busiest hour`,
    },
    ...costFigures(forecast),
    ...plan.models.flatMap(({ parts }) =>
      parts.flatMap(({ activeUsersPerGpu, demand }): Figure[] =>
        activeUsersPerGpu === null
          ? []
          : [
              {
                label: 'active users per GPU',
                text: rangeText(activeUsersPerGpu, wholeNumber),
                detail: `${demand.model} ${demand.workload}, at the objectives`,
              },
            ],
      ),
    ),
  ];
  return [{ kind: 'figures', items }];
}

const wholeNumber = (value: number) => Math.floor(value).toLocaleString('en-US');

/** The plan in its parts, what it costs and what would change it. */
export function planBlocks(forecast: Forecast): Block[] {
  const { plan, sensitivities } = forecast;
  if (plan.models.length === 0) return [];
  return [
    { kind: 'heading', text: 'The plan' },
    modelTable(plan),
    demandTable(plan),
    { kind: 'facts', items: waysOf(plan) },
    ...costBlocks(forecast),
    ...(sensitivities.length === 0
      ? []
      : [{ kind: 'heading' as const, text: 'What would change it' }, sensitivityTable(sensitivities)]),
  ];
}

function modelTable({ models }: Plan): Table {
  return {
    kind: 'table',
    caption: '',
    columns: [
      left('model'),
      right('GPUs'),
      right('endpoints'),
      right('busiest', 'requests/s'),
      right('an endpoint', 'requests/s'),
      left('binds'),
      left('origin'),
      right('used on average'),
    ],
    rows: models.map(model => [
      { text: model.model, notes: model.parts.map(({ supply }) => supply.restsOn) },
      { text: countText(model.gpus), value: model.gpus.value },
      { text: countText(model.endpoints), value: model.endpoints.value },
      number(model.peakPerS),
      {
        text: model.parts.map(({ supply }) => rangeText(supply.perS)).join(', '),
        ...(model.parts.length > 1 ? { notes: [mixNote] } : {}),
      },
      { text: model.binding ?? missing },
      { text: provenanceText(model.certainty) },
      {
        text: model.utilisationRatio === null ? missing : formatRatio(model.utilisationRatio),
        value: model.utilisationRatio,
      },
    ]),
  };
}

const mixNote =
  'several workloads share these endpoints, and what each would take alone is added up, which is approximate: measure the mix to be sure';

function demandTable({ models }: Plan): Table {
  const parts = models.flatMap(model => model.parts);
  return {
    kind: 'table',
    caption: 'The demand',
    columns: [
      left('workload'),
      right('busiest', 'requests/s'),
      right('mean', 'requests/s'),
      right('growth'),
      right('in flight'),
      right('measured', 'tokens in, out'),
      right('planned', 'tokens in, out'),
    ],
    rows: parts.map(({ demand, supply, inFlight }) => [
      { text: `${demand.model} ${demand.workload}` },
      number(demand.peakPerS),
      number(demand.meanPerS),
      { text: formatChange(demand.growthFactor - 1), value: demand.growthFactor - 1 },
      { text: inFlight === null ? missing : rangeText({ ...inFlight, value: inFlight.low }) },
      { text: lengthsText(supply.inputTokens, supply.outputTokens) },
      { text: demand.tokens === null ? missing : lengthsText(demand.tokens.input, demand.tokens.output) },
    ]),
  };
}

function lengthsText(input: number | null, output: number | null): string {
  return `${input === null ? missing : formatNumber(input)}, ${output === null ? missing : formatNumber(output)}`;
}

function waysOf({ models, gateway, policy }: Plan) {
  return [
    ...models.map(({ model, withOneLost }) => ({
      label: `${model}, one endpoint lost`,
      text: withOneLost.value
        ? `the others still serve the busiest hour at the objectives${withOneLost.atLeast ? '' : ', unless capacity is at its least'}`
        : 'the others cannot serve the busiest hour at the objectives: raise spare',
    })),
    ...models.flatMap(({ model, cap }) =>
      cap === null
        ? []
        : [
            {
              label: `${model}, limit of ${cap.concurrent} in flight`,
              text:
                cap.perS === null
                  ? 'response times are not known, and so not how much it lets through'
                  : `lets ${capRange(cap)} requests/s through (N = λ·R): ${cap.verdict}`,
            },
          ],
    ),
    ...(gateway === null
      ? []
      : [
          {
            label: 'the gateway',
            text: `lets ${formatNumber(gateway.limitPerS)} requests/s through, of ${formatNumber(gateway.demandPerS)} asked for: ${gateway.binds ? 'binds' : 'clear'}`,
          },
        ]),
    {
      label: 'policy',
      text: `⌈busiest / (an endpoint × ${formatRatio(policy.utilisation)})⌉ + ${policy.spare} endpoints a model`,
    },
  ];
}

/** What a plan would be if something were otherwise. */
function sensitivityTable(rows: readonly Sensitivity[]): Table {
  return {
    kind: 'table',
    caption: '',
    columns: [left('if'), left('model'), right('requests/s'), right('GPUs'), left('origin')],
    rows: rows.map(({ what, model, perS, gpus, provenance, restsOn, why }) => [
      { text: what, notes: [why ?? `${what}: ${restsOn}`] },
      { text: model },
      { text: rangeText(perS), value: perS?.value ?? null },
      { text: gpus === null ? missing : countText(gpus), value: gpus?.value ?? null },
      { text: provenance },
    ]),
  };
}
