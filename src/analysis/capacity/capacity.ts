/**
 * The capacity of an endpoint: the load at which an objective is crossed. It lies between the last step that holds all
 * of them and the first that misses one, both by their bounds, and is interpolated between those.
 */
import type { Objective } from '../../scenario/objective.ts';
import { formatNumber } from '../../units.ts';
import { type Criterion, criteriaOf, plainText, speaksOfCurve } from './criterion.ts';
import { crossingOf, type Operating, operatingAt } from './crossing.ts';
import type { Curve, CurvePoint } from './curve.ts';
import { searched } from './searched.ts';

/** How much an endpoint can take at some objectives, and what is known of it there. */
export interface Capacity extends Operating {
  readonly label: string;
  readonly model: string;
  readonly workload: string;
  readonly hardware: string;
  /** GPUs behind the endpoint that the figures are of. */
  readonly gpus: number;
  readonly objectives: readonly string[];
  /** `at least`: nothing failed up to the highest load; `below`: even the lowest failed; `unknown`: too little to say. */
  readonly kind: 'found' | 'at least' | 'below' | 'unknown';
  /** In words, with the steps it rests on. */
  readonly why: string;
  readonly loadKind: Curve['kind'];
  /** Driven together with other endpoints, and not alone. */
  readonly together: boolean;
  /** What is crossed first: `TTFT`; null where nothing was. */
  readonly binding: string | null;
  /** What else was seen where it broke, by the diagnoses of the run. */
  readonly signs: readonly string[];
  /** Mean, at the lightest step; null: not known. */
  readonly lightResponseTimeMs: number | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  /** Of the GPUs behind the endpoint at the last step that holds; null: no power samples, or not enough. */
  readonly watts: number | null;
  readonly joulesPerOutputToken: number | null;
  readonly doubts: readonly string[];
}

/** The capacity of an endpoint by its curve or, where a search looked for the same, by that. */
export function capacityOf(curve: Curve, all: readonly Objective[]): Capacity {
  const objectives = all.filter(objective => speaksOfCurve(objective, curve));
  if (objectives.length === 0) return { ...bare(curve, []), kind: 'unknown', why: 'no objective speaks of it' };
  const apart = objectives.map(objective => ({
    objective,
    bySearch: curve.searches.length === 0 ? undefined : searched(curve, objective, byCurve(curve, [objective])),
  }));
  const rest = apart.flatMap(({ objective, bySearch }) => (bySearch === undefined ? [objective] : []));
  const capacities = apart.flatMap(({ bySearch }) => bySearch ?? []);
  if (rest.length > 0) capacities.push(byCurve(curve, rest));
  return { ...(tightest(capacities) ?? bare(curve, objectives)), objectives: objectives.map(plainText) };
}

/** What bounds first: what no load meets, then what is not known, then the lowest rate. */
function tightest(capacities: readonly Capacity[]): Capacity | undefined {
  const place = ({ kind, perS }: Capacity) =>
    kind === 'below' ? -2 : kind === 'unknown' || perS === null ? -1 : perS.value;
  return [...capacities].sort((a, b) => place(a) - place(b))[0];
}

interface Step {
  readonly point: CurvePoint;
  readonly held: boolean | null;
  readonly missed: readonly Criterion[];
  readonly unsure: readonly Criterion[];
}

function judged({ points }: Curve, criteria: readonly Criterion[]): Step[] {
  return points.map(point => {
    const results = criteria.map(criterion => ({ criterion, held: criterion.held(point) }));
    const of = (held: boolean | null) => results.filter(each => each.held === held).map(({ criterion }) => criterion);
    const [missed, unsure] = [of(false), of(null)];
    return { point, missed, unsure, held: missed.length > 0 ? false : unsure.length > 0 ? null : true };
  });
}

function bare(curve: Curve, objectives: readonly Objective[]): Capacity {
  const { label, model, workload, hardware, gpus, kind: loadKind, together, points, doubts } = curve;
  return {
    label,
    model,
    workload,
    hardware,
    gpus,
    objectives: objectives.map(plainText),
    kind: 'unknown',
    why: '',
    loadKind,
    together,
    load: null,
    perS: null,
    binding: null,
    signs: [],
    responseTimeMs: null,
    lightResponseTimeMs: points[0]?.responseTimeMs ?? null,
    inputTokens: curve.inputTokens,
    outputTokens: curve.outputTokens,
    watts: null,
    joulesPerOutputToken: null,
    doubts,
  };
}

function byCurve(curve: Curve, objectives: readonly Objective[]): Capacity {
  const steps = judged(curve, criteriaOf(objectives, curve.kind));
  const nothing = bare(curve, objectives);
  const miss = steps.findIndex(({ held }) => held === false);
  const before = miss === -1 ? steps : steps.slice(0, miss);
  const last = before.findLastIndex(({ held }) => held === true);
  const failed = steps[miss];
  const broke = failed === undefined ? {} : { binding: bindingOf(failed), signs: signsOf(failed) };
  if (last === -1)
    return failed === undefined
      ? { ...nothing, why: tooLittle(curve, steps) }
      : {
          ...nothing,
          ...broke,
          kind: 'below',
          why: `missed at ${loadText(curve, failed)}${lowest(miss)}: ${reason(failed)}`,
        };
  const holds = steps[last] as Step;
  const doubts = [...curve.doubts, ...relapse(curve, steps, miss)];
  const rest = { doubts, watts: holds.point.watts, joulesPerOutputToken: holds.point.joulesPerOutputToken };
  if (failed === undefined)
    return {
      ...nothing,
      ...rest,
      ...operatingAt(curve, { value: holds.point.load, low: holds.point.load, high: null }, 'measured'),
      kind: 'at least',
      why: `held at ${loadText(curve, holds)}, the highest load that says; nothing was missed`,
    };
  const { load, binding } = crossed(steps.slice(last, miss + 1), failed);
  return {
    ...nothing,
    ...rest,
    ...broke,
    ...operatingAt(curve, { value: load, low: holds.point.load, high: failed.point.load }, 'interpolated'),
    binding,
    kind: 'found',
    why: `between ${loadText(curve, holds)}, which holds, and ${loadText(curve, failed)}, which does not: ${reason(failed)}`,
  };
}

/** Where the first criterion is crossed between a step that holds and one that does not, by what was measured at them and between. */
function crossed(steps: readonly Step[], failed: Step): { load: number; binding: string } {
  const loads = failed.missed
    .map(criterion => ({
      criterion,
      load: crossingOf(
        steps.map(({ point }) => point),
        criterion,
      ),
    }))
    .sort((a, b) => a.load - b.load);
  const [first] = loads;
  const lowest = steps[0]?.point.load ?? failed.point.load;
  return { load: first?.load ?? lowest, binding: first?.criterion.name(failed.point) ?? bindingOf(failed) };
}

function bindingOf({ point, missed }: Step): string {
  return [...new Set(missed.map(criterion => criterion.name(point)))].join(', ');
}

/** What the run says held it back there; what is said of the generator is a doubt, and stands elsewhere. */
function signsOf({ point }: Step): string[] {
  const diagnoses = point.cells.flatMap(cell => cell.diagnoses ?? []);
  return [...new Set(diagnoses.filter(({ kind }) => kind !== 'client-limited').map(({ text }) => text))];
}

function reason({ point, missed }: Step): string {
  return missed
    .map(criterion => {
      const value = criterion.read(point);
      return value === null ? criterion.text : `${criterion.text}, measured ${formatNumber(value)}`;
    })
    .join('; ');
}

function loadText({ kind }: Curve, { point: { load } }: Step): string {
  const text = formatNumber(load).replace(/\.0+$/, '');
  return kind === 'closed' ? `${text} in flight` : `${text}/s`;
}

function lowest(miss: number): string {
  return miss === 0 ? ', the lowest load measured' : ', and no lower load surely holds';
}

/** Why nothing can be said. */
function tooLittle({ points }: Curve, steps: readonly Step[]): string {
  const unsure = [...new Map(steps.flatMap(step => step.unsure.map(each => [each.text, each]))).values()];
  const unseen = unsure.filter(({ isSeen }) => !points.some(isSeen));
  if (unseen.length > 0)
    return `nothing was measured of ${unseen.map(({ text }) => text).join(', ')}: answers in one piece have no token times`;
  const requests = points.map(({ measured }) => measured.counts.due);
  return `too few requests or too short a time at each load (${Math.min(...requests)} to ${Math.max(...requests)} requests) to say whether it holds ${unsure.map(({ text }) => text).join(', ')}`;
}

function relapse(curve: Curve, steps: readonly Step[], miss: number): string[] {
  const again = miss === -1 ? undefined : steps.slice(miss).find(({ held }) => held === true);
  if (again === undefined) return [];
  return [
    `what is missed at ${loadText(curve, steps[miss] as Step)} holds again at ${loadText(curve, again)}: the first miss counts`,
  ];
}
