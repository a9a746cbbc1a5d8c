/** Whether runs may be laid side by side: what they were asked, within which limits, on which hardware. */

import { exitCodes, HarnessError } from '../../errors.ts';
import type { Run } from '../../record/run.ts';
import { simulatedGpu } from '../../record/simulated-service.ts';
import type { Scenario } from '../../scenario/resolve.ts';
import type { Target } from '../../scenario/target.ts';

/** What of two sides must be the same, by the names under which a difference can be allowed. */
export const likenessParts = ['scenario', 'seed', 'limits', 'gpu', 'host', 'program'] as const;
export type LikenessPart = (typeof likenessParts)[number];

/** The runs of a likeness check need no more than this of a run. */
export type Likened = Pick<Run, 'environment' | 'scenario' | 'cells'>;

/** Something that is not the same on both sides: `part`, where in it, and how it is on each. */
export interface Difference {
  readonly part: LikenessPart;
  readonly where: string;
  readonly baseline: string;
  readonly candidate: string;
}

/** Every difference between any run of one side and any of the other, once; none where they may be compared. */
export function differences(baseline: readonly Likened[], candidate: readonly Likened[]): Difference[] {
  const [first, ...others] = [...baseline, ...candidate].map(run => partsOf(run));
  if (first === undefined) return [];
  const found = new Map<string, Difference>();
  for (const other of others) {
    for (const part of likenessParts) {
      if (part === 'seed') continue;
      for (const difference of differing(part, first[part], other[part]))
        found.set(`${part} ${difference.where}`, difference);
    }
  }
  return [...seedDifference(baseline, candidate), ...found.values()];
}

/** Each run may have a seed of its own, as long as both sides have the same ones. */
function seedDifference(baseline: readonly Likened[], candidate: readonly Likened[]): Difference[] {
  const [ours, theirs] = [baseline, candidate].map(runs =>
    [...new Set(runs.map(({ scenario }) => scenario.seed))].sort((a, b) => a - b).join(', '),
  ) as [string, string];
  return ours === theirs ? [] : [{ part: 'seed', where: 'seed', baseline: ours, candidate: theirs }];
}

function partsOf({ environment, scenario, cells }: Likened): Record<LikenessPart, unknown> {
  const { host, harness, node } = environment;
  const simulated = simulatedGpu({ environment, scenario });
  const devices = cells.flatMap(({ gpu }) => gpu?.devices.flatMap(({ name }) => name ?? []) ?? []);
  return {
    scenario: { asked: askedBy(scenario), files: environment.files ?? {} },
    seed: undefined,
    limits: { ...scenario.limits, retry: scenario.retry ?? null },
    gpu: {
      ...(simulated === undefined ? {} : { simulated }),
      devices: [...new Set(devices)].sort().join(', '),
    },
    host: { platform: host.platform.split(' ')[0] ?? '', cpu: host.cpu, cores: host.cores },
    program: { harness, node: node.split('.')[0] ?? '' },
  };
}

/** What a scenario asks for, without what it asks it of: where a service is, and how fast, is what is compared. */
function askedBy({ targets, workloads, load, service, goodput }: Scenario): unknown {
  const { protocol, imageSyntax, headerNames } = service;
  return {
    targets: targets.map(withoutHost),
    workloads,
    load,
    goodput,
    service: { protocol, imageSyntax, headerNames },
  };
}

function withoutHost({ url, ...target }: Target): unknown {
  return target;
}

function differing(part: LikenessPart, baseline: unknown, candidate: unknown): Difference[] {
  return unlikeLeaves(baseline, candidate).map(leaf => ({ part, ...leaf }));
}

/** The leaves of two values that differ, by their path. */
export function unlikeLeaves(baseline: unknown, candidate: unknown): Omit<Difference, 'part'>[] {
  const [ours, theirs] = [leaves(baseline), leaves(candidate)];
  return [...new Set([...ours.keys(), ...theirs.keys()])]
    .filter(where => ours.get(where) !== theirs.get(where))
    .map(where => ({ where, baseline: ours.get(where) ?? 'none', candidate: theirs.get(where) ?? 'none' }));
}

function leaves(value: unknown, path = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null) return new Map(value === undefined ? [] : [[path, String(value)]]);
  return new Map(
    Object.entries(value).flatMap(([key, item]) => [...leaves(item, path === '' ? key : `${path}.${key}`)]),
  );
}

/** Why sides with these differences are not compared (exit 2). */
export function unlikeError(refused: readonly Difference[]): HarnessError {
  const lines = refused
    .slice(0, 8)
    .map(
      ({ part, where, baseline, candidate }) =>
        `${part}: ${where}: expected ${short(baseline)} as in the baseline, got ${short(candidate)}`,
    );
  const more = refused.length > 8 ? [`and ${refused.length - 8} more differences`] : [];
  return new HarnessError([...lines, ...more].join('\n'), {
    hint: `runs are compared only where these are the same; --allow ${[...new Set(refused.map(({ part }) => part))].join(',')} compares them all the same`,
    exitCode: exitCodes.usage,
  });
}

function short(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
