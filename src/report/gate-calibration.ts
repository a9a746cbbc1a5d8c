/** What `calibrate --gate` says: the noise floor of this machine and service, and what a policy should allow. */
import type { Calibration, GateRates } from '../analysis/gate/calibration.ts';
import { allowanceText } from '../analysis/gate/words.ts';
import { clopperPearson } from '../stats/proportion.ts';
import { formatRatio, missing, plural } from '../units.ts';
import type { Block, Document } from './document.ts';
import { left, right } from './table-cells.ts';

export interface CalibrationTitle {
  readonly scenario: string;
  readonly service: string;
  readonly pairs: number;
  readonly simulated: boolean;
}

/** The report of a calibration. */
export function calibrationReport(
  { numbers, asItIs, asProposed, gates }: Calibration,
  title: CalibrationTitle,
): Document {
  const cells = [...new Set(numbers.map(({ subject }) => subject.cell.label))];
  return {
    title: `calibration of a gate with ${title.scenario}`,
    blocks: [
      {
        kind: 'paragraph',
        text: `${plural(title.pairs, 'pair')} of runs of one and the same service, ${title.service}: whatever differs is noise.`,
      },
      ...(title.simulated
        ? [{ kind: 'paragraph' as const, text: 'Simulated: the target was a service with a modelled GPU, not a GPU.' }]
        : []),
      ...cells.flatMap(label => [
        { kind: 'heading' as const, text: label },
        {
          kind: 'table' as const,
          caption: '',
          columns: [left('number'), right('noise of a pair'), right('allowed now'), right('proposed')],
          rows: numbers
            .filter(({ subject }) => subject.cell.label === label)
            .map(({ subject, noise, proposed }) => [
              { text: subject.name },
              { text: noise === undefined ? missing : formatRatio(noise.deviation) },
              { text: allowanceText(subject) },
              {
                text: proposed === undefined ? missing : allowanceText({ ...subject, allowance: proposed }),
                ...(proposed === undefined
                  ? { notes: [noise === undefined ? 'a run has no value of it' : 'too noisy to gate by'] }
                  : {}),
              },
            ]),
        },
      ]),
      {
        kind: 'heading',
        text: `What becomes of unchanged services, in ${gates.toLocaleString('en-US')} gates drawn from these pairs`,
      },
      {
        kind: 'list',
        items: [
          ratesText('with the allowances as they are', asItIs, gates),
          ratesText('with those proposed', asProposed, gates),
        ],
      },
      ...policy(numbers),
    ],
  };
}

function ratesText(what: string, rates: GateRates | undefined, gates: number): string {
  if (rates === undefined) return `${what}: not known`;
  const { high } = clopperPearson({ count: Math.round(rates.alarms * gates), of: gates }, 0.05);
  return `${what}: ${formatRatio(rates.alarms)} alarms (at most ${formatRatio(high)} of such draws), ${formatRatio(rates.regressed)} REGRESSED after confirmation, ${formatRatio(rates.passed)} PASSED`;
}

/** The lines for a policy file: of a number in several cells, the largest that any of them needs. */
function policy(numbers: Calibration['numbers']): Block[] {
  const needed = new Map<string, number>();
  for (const { subject, proposed } of numbers)
    if (proposed !== undefined) needed.set(subject.name, Math.max(needed.get(subject.name) ?? 0, proposed));
  if (needed.size === 0) return [];
  return [
    { kind: 'heading', text: 'For gates.yaml' },
    {
      kind: 'list',
      items: [...needed].map(
        ([name, share]) => `{ metric: ${JSON.stringify(name)}, allowance: ${Number(share.toFixed(3))} }`,
      ),
    },
  ];
}
