/** What `gate run --plan` says: runs, minutes, and what can be seen with them. */
import type { Foresight } from '../analysis/gate/plan.ts';
import { allowanceText, changeText } from '../analysis/gate/words.ts';
import { formatDuration, formatRatio, missing, plural } from '../units.ts';
import type { Block, Document } from './document.ts';
import { left, right } from './table-cells.ts';

export interface GatePlan {
  readonly scenario: string;
  readonly planned: number;
  /** One run, if that is known. */
  readonly runMs: number | undefined;
  /** Requests of a side and cell, the fewest, over the planned pairs, where the scenario says how many. */
  readonly requests: number | undefined;
  /** How many it takes to show that they are answered. */
  readonly needed: number;
  /** What the noise is known by; undefined where nothing is known of it. */
  readonly knownBy: string | undefined;
  readonly foresights: readonly Foresight[];
  /** The changes of a number for which the pairs are told, as it would itself change. */
  readonly wanted: readonly number[];
}

/** The plan of a gate. */
export function gatePlan(plan: GatePlan): Document {
  const { scenario, planned, runMs, knownBy } = plan;
  const lengths = [planned, 2 * planned, 3 * planned].map(pairs => {
    const time = runMs === undefined ? '' : `, about ${formatDuration(2 * pairs * runMs)}`;
    return `${plural(2 * pairs, 'run')}${time}`;
  });
  const known =
    knownBy === undefined
      ? 'How noisy and how long its runs are is not known: name runs or a baseline of this scenario with --history.'
      : `Noise and length by ${knownBy}; a run also greets the service and drains, which is not counted.`;
  return {
    title: `plan of a gate with ${scenario}`,
    blocks: [
      {
        kind: 'list',
        items: [
          `${plural(planned, 'pair')}: ${lengths[0]}`,
          `where nothing is shown by then, as many again: ${lengths[1]} in all`,
          `where an alarm has to be confirmed, ${plural(planned, 'fresh pair')} more: at most ${lengths[2]} in all`,
        ],
      },
      { kind: 'paragraph', text: known },
      ...requestsNeeded(plan),
      ...table(plan),
    ],
  };
}

/** With too few requests not even no failures at all show that there are not more of them. */
function requestsNeeded({ requests, needed }: GatePlan): Block[] {
  if (requests === undefined) return [];
  const text = `${plural(requests, 'request')} a side and cell in the planned pairs; where all are answered, ${needed.toLocaleString('en-US')} show that no more than allowed are not.`;
  return [{ kind: 'paragraph', text }];
}

function table({ foresights, planned, wanted }: GatePlan): Block[] {
  if (foresights.every(({ deviation }) => deviation === undefined)) return [];
  const cells = [...new Set(foresights.map(({ subject }) => subject.cell.label))];
  return cells.flatMap(label => [
    { kind: 'heading' as const, text: label },
    {
      kind: 'table' as const,
      caption: '',
      columns: [
        left('number'),
        right('noise of a pair'),
        right('allowed'),
        right(`detectable with ${2 * planned} pairs`),
        ...wanted.map(change => right(`${formatRatio(change)} worse`, 'pairs for')),
      ],
      rows: foresights
        .filter(({ subject }) => subject.cell.label === label)
        .map(({ subject, deviation, detectable, pairsFor }) => [
          { text: subject.name },
          { text: deviation === undefined ? missing : formatRatio(deviation) },
          { text: allowanceText(subject) },
          { text: detectable === undefined ? missing : changeText(subject, detectable) },
          ...pairsFor.map(pairs => ({ text: pairs === undefined ? '> 1,000' : String(pairs) })),
        ]),
    },
  ]);
}
