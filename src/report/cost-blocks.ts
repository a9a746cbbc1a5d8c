/** The money of a plan, and its energy. */
import type { ApiCost, CostResult, ModelCost, PerMillionTokens } from '../analysis/capacity/cost.ts';
import { provenanceText, type Range } from '../analysis/capacity/figure.ts';
import type { Forecast } from '../analysis/capacity/forecast.ts';
import { formatNumber, formatRatio, missing } from '../units.ts';
import { rangeText } from './capacity-words.ts';
import type { Block, Figure, Table, TableCell } from './document.ts';
import { left, right } from './table-cells.ts';

/** Cost per month and per million output tokens, where there is any; energy per token. */
export function costFigures({ costs, prices, plan }: Forecast): Figure[] {
  const known = costs.flatMap(result => (result.kind === 'known' ? [result.cost] : []));
  const energy = plan.models.flatMap(({ parts }) =>
    parts.flatMap(({ supply, demand }): Figure[] =>
      supply.joulesPerOutputToken === null
        ? []
        : [
            {
              label: 'energy per output token',
              text: formatNumber(supply.joulesPerOutputToken),
              unit: 'J',
              detail: `${demand.model} ${demand.workload}, at the last load that holds${supply.perS.simulation === undefined ? '' : '; simulated'}`,
            },
          ],
    ),
  );
  if (prices === null || known.length === 0 || known.length < costs.length) return energy;
  const total = known.map(({ perMonth }) => perMonth).reduce(added);
  const only = known.length === 1 ? known[0]?.atObjectives : undefined;
  const output = only?.length === 1 ? only[0]?.perMillion.output : undefined;
  return [
    { label: 'cost per month', text: rangeText(total), unit: prices.currency, detail: 'all GPUs, spare ones too' },
    ...(output == null
      ? []
      : [
          {
            label: 'per million output tokens',
            text: rangeText(output),
            unit: prices.currency,
            detail: 'at the objectives, always in full use: the least it can cost',
          },
        ]),
    ...energy,
  ];
}

function added(a: Range, b: Range): Range {
  const sum = (x: number | null, y: number | null) => (x === null || y === null ? null : x + y);
  return { value: a.value + b.value, low: sum(a.low, b.low), high: sum(a.high, b.high) };
}

/** What a plan costs, model by model, or why no money is named. */
export function costBlocks({ costs, prices, plan }: Forecast): Block[] {
  if (prices === null || costs.length === 0) return [];
  const known = costs.flatMap(result => (result.kind === 'known' ? [result.cost] : []));
  const isDark = prices.power !== undefined && known.some(({ perGpuHour }) => perGpuHour.power === null);
  return [
    { kind: 'heading', text: 'What it costs' },
    ...refusals(costs),
    ...(known.length === 0
      ? []
      : [
          viewTable(known, prices.currency),
          { kind: 'facts' as const, items: known.flatMap(cost => factsOf(cost, prices.currency)) },
          ...(isDark
            ? [
                {
                  kind: 'callout' as const,
                  tone: 'doubt' as const,
                  text: 'Without the power: there are no samples of it over the whole of the load, so its price is not in these figures',
                },
              ]
            : []),
          ...(plan.models.some(({ parts }) => parts.some(({ isAsLong }) => isAsLong === false))
            ? [
                {
                  kind: 'callout' as const,
                  tone: 'doubt' as const,
                  text: 'For tokens as measured: requests are planned to be of other lengths, and a token of those costs something else',
                },
              ]
            : []),
        ]),
  ];
}

function refusals(costs: readonly CostResult[]): Block[] {
  const items = costs.flatMap(result => (result.kind === 'refused' ? [`${result.model}: ${result.why}`] : []));
  return items.length === 0 ? [] : [{ kind: 'callout', tone: 'doubt', text: 'No money is named:', items }];
}

function viewTable(costs: readonly ModelCost[], currency: string): Table {
  const notes = ['three views of one bill: each carries the whole of it, and they do not add up'];
  const row = (name: string, when: string, { output, input, total }: PerMillionTokens): TableCell[] => [
    { text: name },
    { text: when, notes },
    view(output),
    view(input),
    view(total),
    { text: output === null ? missing : provenanceText(output) },
  ];
  return {
    kind: 'table',
    caption: `${currency} per million tokens`,
    columns: [left('model'), left('used'), right('output'), right('input'), right('both'), left('origin')],
    rows: costs.flatMap(({ model, atObjectives, real }) => [
      ...atObjectives.map(({ workload, perMillion }) =>
        row(`${model} ${workload}`, 'in full, at the objectives', perMillion),
      ),
      ...(real === null ? [] : [row(model, `${formatRatio(real.utilisationRatio)}, as the day goes`, real.perMillion)]),
    ]),
  };
}

function view(figure: PerMillionTokens['output']): TableCell {
  return { text: rangeText(figure), value: figure?.value ?? null };
}

function factsOf({ model, perGpuHour, perMonth, real, api }: ModelCost, currency: string) {
  const { capital, hosting, power, total } = perGpuHour;
  const parts = [
    `${formatNumber(capital)} for itself`,
    ...(hosting === 0 ? [] : [`${formatNumber(hosting)} hosting`]),
    ...(power === null || power === 0 ? [] : [`${formatNumber(power)} power, as if always at the objectives`]),
  ];
  return [
    { label: `${model}, an hour of a GPU`, text: `${formatNumber(total)} ${currency}: ${parts.join(', ')}` },
    { label: `${model}, a month`, text: `${rangeText(perMonth)} ${currency}` },
    ...(api === null
      ? []
      : [
          {
            label: `${model}, the same tokens by the API`,
            text: `${formatNumber(api.perMonth)} ${currency} a month; ${breakEvenText(api)}`,
          },
        ]),
    ...(real === null
      ? [{ label: `${model}, as the day goes`, text: 'not said: the demand has neither hours nor peakToMean' }]
      : []),
  ];
}

function breakEvenText({ breakEvenPerDay, requestsPerDay, isWithinReach }: ApiCost): string {
  const even = `${rangeText(breakEvenPerDay, whole)} requests a day`;
  if (!isWithinReach) return `break-even at ${even}, which is more than these GPUs serve at their objectives`;
  return `one's own cost less from ${even} on, and ${whole(requestsPerDay)} are planned`;
}

const whole = (value: number) => Math.round(value).toLocaleString('en-US');
