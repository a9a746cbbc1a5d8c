/** What differs between the sides of a comparison besides their numbers, and what of it makes the numbers meaningless. */
import { type Difference, differences, unlikeLeaves } from '../gate/likeness.ts';
import type { GatedRun } from '../gate/subjects.ts';
import type { Side } from './side.ts';

export interface Unlikeness {
  /** The same name stands for something else on the other side: no number says anything. */
  readonly refused: readonly Difference[];
  /** What numbers are read with: a sentence each. */
  readonly noted: readonly string[];
}

/** How the runs of two sides differ in what they were asked, of what, from where. */
export function unlikenessOf(base: Side, candidate: Side): Unlikeness {
  const found = differences(base.runs, candidate.runs);
  const names = [base, candidate].map(({ runs }) => new Set(runs.flatMap(run => Object.keys(run.scenario.workloads))));
  const workloads = [...(names[0] as Set<string>)].filter(name => names[1]?.has(name));
  const refused = [
    ...found.filter(difference => isOtherQuestion(difference, workloads)),
    ...otherMixes(base.runs, candidate.runs),
  ];
  return { refused, noted: notes(found.filter(difference => !refused.includes(difference))) };
}

function isOtherQuestion({ part, where, baseline, candidate }: Difference, workloads: readonly string[]): boolean {
  const isOnBoth = baseline !== 'none' && candidate !== 'none';
  if (part === 'gpu') return where === 'simulated' && !isOnBoth;
  if (part !== 'scenario') return false;
  if (where.startsWith('files.')) return isOnBoth;
  if (where.startsWith('asked.load.')) return where.endsWith('.trace.sha256') && isOnBoth;
  return where.startsWith('asked.service.') || workloads.some(name => where.startsWith(`asked.workloads.${name}.`));
}

/** Requests of a mix are drawn by weights: other weights are another workload under the same name. */
function otherMixes([base]: readonly GatedRun[], [candidate]: readonly GatedRun[]): Difference[] {
  return (base?.scenario.targets ?? []).flatMap(({ name, mix, workloads }) => {
    const other = candidate?.scenario.targets.find(target => target.name === name);
    if (other === undefined || (mix === undefined && other.mix === undefined)) return [];
    return unlikeLeaves({ workloads, mix }, { workloads: other.workloads, mix: other.mix }).map(leaf => ({
      part: 'scenario' as const,
      ...leaf,
      where: `${name}: ${leaf.where}`,
    }));
  });
}

/** Targets and steps that only one side has show as conditions without a match; the rest is told once. */
function notes(found: readonly Difference[]): string[] {
  const told = found.filter(
    ({ part, where }) => part !== 'scenario' || !/^asked\.(targets|load|workloads)\b/.test(where),
  );
  const isLoad = found.some(({ where }) => where.startsWith('asked.load.') && !/\.(repetitions|index)$/.test(where));
  return [
    ...(isLoad ? ['load: other steps, warm-up or lengths of them; conditions are matched by their load'] : []),
    ...told.map(({ part, where, baseline, candidate }) => {
      const name = where.replace(/^asked\./, '');
      return `${part === name ? part : `${part}: ${name}`}: ${baseline} | ${candidate}`;
    }),
  ];
}

/** The model as the service says it is, with its revision; undefined where it does not say. */
export function revisionOf({ runs }: Side): string | undefined {
  const said = runs.map(({ environment }) => {
    const info: unknown = environment.service.info;
    if (typeof info !== 'object' || info === null || !('model_sha' in info)) return undefined;
    return 'model_id' in info ? `${info.model_id} at ${info.model_sha}` : String(info.model_sha);
  });
  return said.every(each => each === said[0]) ? said[0] : undefined;
}

/** Everything in the environment that differs between the first runs of two sides, but for what is different each time. */
export function environmentDifferences(base: Side, candidate: Side): Omit<Difference, 'part'>[] {
  const [ours, theirs] = [base, candidate].map(({ runs }) => {
    const environment = runs[0]?.environment;
    if (environment === undefined) return {};
    const { fingerprint: _, service, ...rest } = environment;
    const { floorMs: __, info, ...said } = service;
    return { ...rest, service: { ...said, info: withoutTime(info) } };
  });
  return unlikeLeaves(ours, theirs);
}

/** A service stamps what it says of itself with the time of the answer. */
function withoutTime(info: unknown): unknown {
  return typeof info === 'object' && info !== null ? { ...info, timestamp: undefined } : info;
}
