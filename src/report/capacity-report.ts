/** What a capacity report says: the answer, then what keeps it from being taken as it is, then what it rests on. */

import type { Assessment, EndpointAssessment } from '../analysis/capacity/assessment.ts';
import type { Forecast } from '../analysis/capacity/forecast.ts';
import type { VirtualStudy } from '../analysis/capacity/virtual-study.ts';
import { callout, heading, section } from './blocks.ts';
import { capacityCharts } from './capacity-charts.ts';
import { capacityTable, curveTable, lawBlocks } from './capacity-tables.ts';
import { capacityText } from './capacity-words.ts';
import type { Block, Document } from './document.ts';
import { planAnswer, planBlocks, planFigures } from './plan-blocks.ts';
import { remarkText } from './remarks.ts';
import { whatIfBlocks } from './what-if-blocks.ts';

/** The report of what some runs hold of the capacity of their endpoints and, where there is a demand, of what that takes. */
export function capacityReport(
  assessment: Assessment,
  forecast?: Forecast,
  tried: readonly VirtualStudy[] = [],
): Document {
  const { runs, invalid, endpoints, noted } = assessment;
  const all = [...runs, ...invalid];
  const isSimulated = endpoints.some(({ curve }) => curve.simulated);
  return {
    title: `capacity · ${inShort(all.map(({ id }) => id))}`,
    ...(isSimulated ? { stamp: 'simulated' } : {}),
    blocks: [
      ...(forecast === undefined || endpoints.length === 0 ? answer(assessment) : planAnswer(forecast)),
      ...(forecast === undefined ? [] : planFigures(forecast)),
      ...callout(
        'bad',
        'INVALID: not used, for the generator could not keep up',
        invalid.map(({ id, validity }) => `${id}: ${validity.reasons.map(remarkText).join('; ')}`),
      ),
      ...(isSimulated
        ? callout(
            'plain',
            'Simulated: the target was a service with a modelled GPU, not a GPU. Good for shapes and for trying this out; not for deciding what to buy.',
          )
        : []),
      ...callout('doubt', 'To be read with care', [...leftOut(forecast), ...doubts(assessment)]),
      ...callout('doubt', 'Not the same in all runs, and read together', noted),
      ...(forecast === undefined ? [] : planBlocks(forecast)),
      ...(endpoints.length === 0
        ? []
        : [
            heading('What each endpoint can take'),
            capacityTable(endpoints),
            { kind: 'facts' as const, items: objectiveFacts(endpoints) },
          ]),
      ...whatIfBlocks(tried),
      ...section('The curves', capacityCharts(endpoints)),
      ...endpoints.flatMap(endpoint => [
        { kind: 'heading' as const, level: 3 as const, text: endpoint.curve.label },
        curveTable(endpoint),
        ...lawBlocks(endpoint),
      ]),
      ...unfitted(endpoints),
      ...(endpoints.length === 0 ? [] : section('How to read this', [{ kind: 'list', items: manual }])),
    ],
  };
}

function answer({ endpoints, runs }: Assessment): Block[] {
  if (endpoints.length === 0) {
    const why = runs.length === 0 ? 'no run can be used' : 'there is no step of a steady load to make a curve of';
    return [{ kind: 'callout', tone: 'bad', text: `No answer: ${why}` }];
  }
  const [first, ...others] = endpoints as [EndpointAssessment, ...EndpointAssessment[]];
  const text = ({ curve, capacity }: EndpointAssessment) => `${curve.label}: ${capacityText(capacity)}`;
  return others.length === 0
    ? [{ kind: 'callout', tone: 'plain', text: text(first) }]
    : [{ kind: 'callout', tone: 'plain', text: 'At their objectives:', items: endpoints.map(text) }];
}

/** Endpoints that a plan was made without. */
function leftOut(forecast: Forecast | undefined): string[] {
  const all = forecast?.plan.models.flatMap(({ parts }) => parts.flatMap(({ supply }) => supply.leftOut)) ?? [];
  return all.map(each => `planned without ${each}`);
}

function doubts({ runs, endpoints }: Assessment): string[] {
  const unfinished = runs.filter(({ status }) => status !== 'complete');
  return [
    ...unfinished.map(({ id, status }) => `${id}: ${status === 'running' ? 'interrupted' : status}`),
    ...runs.flatMap(invalidProbes),
    ...together(endpoints, ({ capacity }) => capacity.doubts),
    ...together(endpoints, ({ curve, capacity }) =>
      curve.kind === 'closed' && capacity.perS !== null ? [closedLoop] : [],
    ),
    ...together(endpoints, ({ capacity }) => capacity.signs.map(sign => `where it broke: ${sign}`)),
  ];
}

/** What a search could not use; of a run without one nothing is used then. */
function invalidProbes({ id, cells }: Assessment['runs'][number]): string[] {
  const count = cells.filter(({ validity }) => validity.verdict === 'invalid').length;
  return count === 0 ? [] : [`${id}: ${count} of ${cells.length} probes are invalid, and not used`];
}

const closedLoop =
  'measured in a closed loop, where nobody asks before somebody was answered: users who do not wait for each other come in clusters, and meet the limits at a lower rate';

/** What is said of endpoints, each thing once, with those it is said of. */
function together(
  endpoints: readonly EndpointAssessment[],
  said: (endpoint: EndpointAssessment) => readonly string[],
): string[] {
  const bySaying = new Map<string, string[]>();
  for (const endpoint of endpoints)
    for (const each of said(endpoint)) bySaying.set(each, [...(bySaying.get(each) ?? []), endpoint.curve.label]);
  return [...bySaying].map(([each, labels]) =>
    labels.length === endpoints.length && labels.length > 1 ? `all: ${each}` : `${inShort(labels)}: ${each}`,
  );
}

/** To which curves no law was fitted, and why. */
function unfitted(endpoints: readonly EndpointAssessment[]): Block[] {
  const items = together(endpoints, ({ usl }) => (usl.kind === 'none' ? [usl.why] : []));
  return items.length === 0
    ? []
    : [
        { kind: 'paragraph', text: 'No scalability law is fitted to:' },
        { kind: 'list', items },
      ];
}

function objectiveFacts(endpoints: readonly EndpointAssessment[]) {
  const bySource = new Map<string, Set<string>>();
  for (const { objectives, capacity } of endpoints) {
    const known = bySource.get(objectives.source) ?? new Set<string>();
    for (const text of capacity.objectives) known.add(text);
    bySource.set(objectives.source, known);
  }
  return [...bySource].map(([source, texts]) => ({
    label: `objectives: ${source}`,
    text: texts.size === 0 ? 'none speaks of it' : [...texts].join(', '),
  }));
}

/** A few names, or the first and the last of many. */
function inShort(names: readonly string[]): string {
  return names.length <= 3 ? names.join(', ') : `${names[0]} … ${names.at(-1)} (${names.length} in all)`;
}

const manual: readonly string[] = [
  'requests/s: from the last load that holds every objective by a 95 % bound to the first that surely misses one; what is said between is interpolated in a straight line. A search in the run stands in its place',
  'measured: at a load that was driven, or found by a search; interpolated: between two such; extrapolated: beyond the largest, and never beyond twice that; simulated: of a modelled GPU',
  'at load: how it was driven there, in requests in flight (closed loop) or requests due per second (open loop)',
  'fitted law: X(N) = γN / (1 + α(N − 1) + βN(N − 1)) (Gunther), by least squares in logs over every repetition, with 90 % intervals from resampled residuals. It is no capacity: batches change what a request costs, and running out of memory is a cliff. Where it and the measured curve differ, the curve is right',
];
