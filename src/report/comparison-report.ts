/** What a comparison says: first what keeps its numbers from being taken as they are, then what changed, then every number. */

import { type Comparison, leastChange, sameWithin } from '../analysis/comparison/comparison.ts';
import type { Side } from '../analysis/comparison/side.ts';
import { formatChange, formatNumber, formatRatio, missing, plural } from '../units.ts';
import { callout, heading, section } from './blocks.ts';
import { cellTable, changeOf, intervalText } from './comparison-table.ts';
import type { Block, Document } from './document.ts';
import { ratioCharts } from './ratio-charts.ts';
import { remarkText } from './remarks.ts';
import { left } from './table-cells.ts';

/** The report of comparisons of one base; `problems` are what else was named and cannot be compared. */
export function comparisonReport(comparisons: readonly Comparison[], problems: readonly string[] = []): Document {
  const runs = [...new Map(comparisons.flatMap(sidesOf).flatMap(side => side.runs.map(run => [run.id, run]))).values()];
  const stamps = [
    ...(runs.some(({ validity }) => validity.verdict === 'invalid') ? ['invalid'] : []),
    ...(runs.some(({ environment }) => environment.service.simulated) ? ['simulated'] : []),
  ];
  const several = comparisons.length > 1;
  return {
    title: `compare · ${comparisons[0]?.base.name ?? missing} with ${comparisons.map(({ candidate }) => candidate.name).join(', ')}`,
    ...(stamps.length === 0 ? {} : { stamp: stamps.join(', ') }),
    blocks: [
      ...callout('bad', 'Named and not compared', problems),
      ...callout('bad', 'INVALID: the generator could not keep up, so no verdict is given', runs.flatMap(invalid)),
      ...callout(
        'doubt',
        'Answers differ in length: one that says less is done sooner, and no better',
        unlikeLengths(comparisons),
      ),
      ...callout('doubt', 'Runs that did not come to their end', runs.flatMap(unfinished)),
      ...comparisons.flatMap(unlike),
      ...(stamps.includes('simulated')
        ? callout('plain', 'Simulated: a target was a service with a modelled GPU, not a GPU.')
        : []),
      ...comparisons.flatMap(summary),
      ...whichRuns(comparisons),
      ...comparisons.flatMap(comparison => [
        heading(several ? `${comparison.candidate.name} against ${comparison.base.name}` : 'Condition by condition'),
        ...comparison.cells.flatMap(cell => [
          { kind: 'heading' as const, level: 3 as const, text: cell.label },
          cellTable(cell),
        ]),
        ...notCompared(comparison),
      ]),
      ...section('How the distributions differ', ratioCharts(comparisons)),
      ...comparisons.flatMap(comparison => environment(comparison, several)),
      ...section('How to read this', [{ kind: 'list', items: manual }]),
    ],
  };
}

function sidesOf({ base, candidate }: Comparison): Side[] {
  return [base, candidate];
}

/** The runs of each side that has several, for those are often not named by the side. */
function whichRuns(comparisons: readonly Comparison[]): Block[] {
  const sides = new Map(comparisons.flatMap(sidesOf).map(side => [side.name, side]));
  const items = [...sides.values()]
    .filter(({ runs }) => runs.length > 1)
    .map(({ name, runs }) => ({ label: name, text: runs.map(({ id }) => id).join(', ') }));
  return items.length === 0 ? [] : [{ kind: 'facts', items }];
}

function invalid({ id, validity }: Side['runs'][number]): string[] {
  return validity.verdict === 'invalid' ? [`${id}: ${validity.reasons.map(remarkText).join('; ')}`] : [];
}

function unfinished({ id, status }: Side['runs'][number]): string[] {
  return status === 'complete' ? [] : [`${id}: ${status === 'running' ? 'interrupted' : status}`];
}

function unlikeLengths(comparisons: readonly Comparison[]): string[] {
  return comparisons.flatMap(({ cells, base, candidate }) =>
    cells.flatMap(({ label, lengths: { base: ours, candidate: theirs, isAlike } }) => {
      if (isAlike || ours.tokens === null || theirs.tokens === null) return [];
      const change = ours.tokens === 0 ? '' : ` (${formatChange(theirs.tokens / ours.tokens - 1)})`;
      const cut = [ours, theirs].map(side =>
        side.endedByLengthRatio === null ? missing : formatRatio(side.endedByLengthRatio),
      );
      return `${label}: ${formatNumber(ours.tokens)} tokens in ${base.name}, ${formatNumber(theirs.tokens)} in ${candidate.name}${change}; cut by their greatest length: ${cut.join(' and ')}`;
    }),
  );
}

function unlike({ base, candidate, refused, noted }: Comparison): Block[] {
  return [
    ...callout(
      'bad',
      `${base.name} and ${candidate.name} were not asked the same, and are compared all the same`,
      refused.map(({ part, where, baseline, candidate: other }) => `${part}: ${where}: ${baseline} | ${other}`),
    ),
    ...callout('doubt', `Not the same in ${base.name} and ${candidate.name}`, noted),
  ];
}

const mostTold = 12;

/** How many numbers did what, and those that changed, the largest changes first. */
function summary({ base, candidate, cells }: Comparison): Block[] {
  const all = cells.flatMap(cell => cell.numbers.map(number => ({ cell, number })));
  const counts = (['regressed', 'improved', 'same', 'unknown'] as const).map(verdict => {
    const count = all.filter(({ number }) => number.verdict === verdict).length;
    return count === 0 ? [] : [`${count} ${verdict}`];
  });
  const changed = all
    .filter(({ number }) => number.verdict === 'regressed' || number.verdict === 'improved')
    .sort((a, b) => Math.abs(b.number.rise as number) - Math.abs(a.number.rise as number));
  const items = changed
    .slice(0, mostTold)
    .map(
      ({ cell, number }) =>
        `${number.verdict}: ${number.name} at ${cell.label}: ${changeOf(number)} (95 % interval ${intervalText(number)})`,
    );
  const more = changed.length > mostTold ? [`and ${changed.length - mostTold} more`] : [];
  const whys = [...new Set(cells.flatMap(({ unjudged }) => unjudged ?? []))];
  const why = whys.length === 0 ? '' : `; no verdict where ${whys.join(', or ')}`;
  const told = counts.flat().join(', ');
  return [
    {
      kind: 'paragraph',
      text: `${candidate.name} against ${base.name}: ${plural(cells.length, 'condition')}, ${plural(all.length, 'number')}${told === '' ? '' : `: ${told}`}${why}.`,
    },
    ...(items.length === 0 ? [] : [{ kind: 'list' as const, items: [...items, ...more] }]),
  ];
}

function notCompared({ left: conditions }: Comparison): Block[] {
  return conditions.length === 0
    ? []
    : [
        { kind: 'paragraph', text: 'Not compared:' },
        { kind: 'list', items: conditions.map(({ label, why }) => `${label}: ${why}`) },
      ];
}

function environment({ base, candidate, environment: differences }: Comparison, several: boolean): Block[] {
  if (base.target !== undefined) return [];
  const title = several ? `The environments of ${base.name} and ${candidate.name}` : 'The environments';
  if (differences.length === 0)
    return section(title, [{ kind: 'paragraph', text: 'Nothing of what was noted of them differs.' }]);
  return section(title, [
    {
      kind: 'table',
      caption: '',
      columns: [left('what differs'), left('base'), left('candidate')],
      rows: differences.map(each => [{ text: each.where }, { text: each.baseline }, { text: each.candidate }]),
    },
  ]);
}

const manual: readonly string[] = [
  'change: of the candidate against the base; of a share of requests the difference in percentage points (pt). ~ where the interval reaches from below to above none',
  `regressed, improved: at least three repetitions a side and a change told from noise (Welch's t on logs over the repetitions, or Newcombe and Fisher for shares; 5 % of such calls are expected to be wrong, after Benjamini and Hochberg over all numbers), by ${formatRatio(Math.expm1(leastChange.factor))} or ${leastChange.points * 100} pt at least; same: the interval lies within ${formatRatio(Math.expm1(sameWithin.factor))} or ${sameWithin.points * 100} pt either way; unknown: neither`,
  'with fewer repetitions the interval is of the requests alone (order statistics), and says nothing of what differs from run to run',
  'repetitions of one run share its service, its hour and its machine: what changes from run to run shows only in several runs a side (A1,A2,A3 B1,B2,B3)',
  'longer: how often a request of the candidate takes longer than one of the base, 50 % where neither does (Â₁₂): the size of the effect, whichever quantile it stands beside',
  'cut by length: answers that ended because they were as long as they may be',
];
