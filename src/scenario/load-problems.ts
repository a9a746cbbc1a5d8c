/** What the steps of a scenario file can get wrong that no schema sees. */
import type { Path, Problem } from '../schema/checked-yaml.ts';
import { formatDuration } from '../units.ts';
import { cutOf } from './load.ts';
import type { ScenarioFile, ScenarioStep } from './scenario.ts';
import { longestPrompt, replayed, type TraceReader } from './trace.ts';

/** The ways to say how hard a step asks, and what a field that belongs to another is refused in. */
const ways = {
  concurrency: 'a closed loop',
  ratePerS: 'an open loop at a rate',
  trace: 'the replay of a trace',
} as const;
type Way = keyof typeof ways;

/** The fields that belong to some ways only. */
const belongsTo: Readonly<Partial<Record<keyof ScenarioStep, readonly Way[]>>> = {
  thinkTime: ['concurrency'],
  arrivals: ['ratePerS'],
  cv: ['ratePerS'],
  burstSize: ['ratePerS'],
  timeScale: ['trace'],
  maxInFlight: ['ratePerS', 'trace'],
  whenFull: ['ratePerS', 'trace'],
};

/** All problems of the steps, each of which needs one way to ask and an end. */
export function problemsOfLoad(file: ScenarioFile, traceOf: TraceReader): Problem[] {
  return (file.load.steps ?? []).flatMap((step, index) => {
    const at: Path = ['load', 'steps', index];
    const [way, ...others] = (Object.keys(ways) as Way[]).filter(each => step[each] !== undefined);
    const problems = problemsOfEnd(step, at);
    if (way === undefined || others.length > 0) {
      const message = 'expected one of concurrency (closed loop), ratePerS and trace (open loop)';
      return [{ path: at, message }, ...problems];
    }
    problems.push(...problemsOfFields(step, way, at));
    if (way === 'trace') problems.push(...problemsOfTrace(step, traceOf, file, at));
    else problems.push(...problemsOfRamp(step, way, at), ...(way === 'ratePerS' ? problemsOfLaw(step, at) : []));
    return problems;
  });
}

function problemsOfEnd(step: ScenarioStep, at: Path): Problem[] {
  const problems: Problem[] = [];
  const endsByItself = step.trace !== undefined && step.requests === undefined;
  if (!endsByItself && (step.requests === undefined) === (step.duration === undefined)) {
    problems.push({
      path: at,
      message: 'expected one of requests and duration, to know when the step ends',
      hint: 'for example requests: 300, atMost: 60s',
    });
  }
  if (step.atMost !== undefined && step.requests === undefined)
    problems.push({ path: [...at, 'atMost'], message: 'expected atMost only beside requests' });
  return problems;
}

function problemsOfFields(step: ScenarioStep, way: Way, at: Path): Problem[] {
  return Object.entries(belongsTo)
    .filter(([field, allowed]) => step[field as keyof ScenarioStep] !== undefined && !allowed.includes(way))
    .map(([field]) => ({ path: [...at, field], message: `expected no ${field} in ${ways[way]}` }));
}

/** Each law has its own shape, and no other. */
export function problemsOfLaw(step: Pick<ScenarioStep, 'arrivals' | 'cv' | 'burstSize'>, at: Path): Problem[] {
  return (
    [
      ['gamma', 'cv', 2],
      ['burst', 'burstSize', 20],
    ] as const
  ).flatMap(([law, field, example]) => {
    if (step.arrivals === law && step[field] === undefined) {
      const hint = `for example ${field}: ${example}`;
      return [{ path: [...at, 'arrivals'], message: `expected ${field} beside arrivals: ${law}, got nothing`, hint }];
    }
    return step.arrivals !== law && step[field] !== undefined
      ? [{ path: [...at, field], message: `expected ${field} only with arrivals: ${law}` }]
      : [];
  });
}

function problemsOfRamp(step: ScenarioStep, way: 'concurrency' | 'ratePerS', at: Path): Problem[] {
  const ramp = step[way];
  if (typeof ramp !== 'object' || Array.isArray(ramp)) return [];
  const { from, to, steps } = ramp as Exclude<typeof ramp, number[]>;
  const problems: Problem[] = [];
  if (step.requests !== undefined)
    problems.push({ path: [...at, 'requests'], message: `expected duration, as ${way} goes over it, got requests` });
  if (from === to) problems.push({ path: [...at, way], message: `expected from and to to differ, got ${from} twice` });
  const levels = Math.abs(to - from) + 1;
  if (way === 'concurrency' && steps !== undefined && steps > levels && from !== to) {
    const message = `expected at most ${levels} steps from ${from} to ${to}, got ${steps}`;
    problems.push({ path: [...at, way, 'steps'], message });
  }
  return problems;
}

function problemsOfTrace(step: ScenarioStep, traceOf: TraceReader, file: ScenarioFile, at: Path): Problem[] {
  const path: Path = [...at, 'trace'];
  const name = step.trace ?? '';
  const read = traceOf(name);
  const { trace, problems } = read;
  if (problems.length > 0) return problems.map(problem => ({ path, ...problem }));
  if (step.requests !== undefined && step.requests > trace.length) {
    const message = `expected at most ${trace.length} requests, as many as ${name} holds, got ${step.requests}`;
    return [{ path: [...at, 'requests'], message }];
  }
  const cut = cutOf(step);
  const { requests, ratePerS } = replayed(trace, cut);
  if (requests < 2 || !Number.isFinite(ratePerS)) {
    const within = cut.durationMs === undefined ? '' : ` within ${formatDuration(cut.durationMs)}`;
    return [{ path, message: `expected two requests at different times or more, got ${requests}${within}` }];
  }
  const longest = longestPrompt(read, requests);
  return longest === undefined ? [] : problemsOfLengths(longest, name, file, path);
}

/** A trace that says how long prompts are needs prompts that can be made so long. */
function problemsOfLengths(
  { tokens, line }: NonNullable<ReturnType<typeof longestPrompt>>,
  trace: string,
  file: ScenarioFile,
  path: Path,
): Problem[] {
  const { maxInputTokens = Number.POSITIVE_INFINITY } = file.limits;
  const tooLong: Problem[] =
    tokens > maxInputTokens
      ? [{ path, message: `${trace}:${line}: expected at most ${maxInputTokens} tokens a prompt, got ${tokens}` }]
      : [];
  const used = new Set(file.targets.flatMap(target => target.workloads));
  const fixed = Object.entries(file.workloads).filter(
    ([name, { prompt }]) => used.has(name) && (prompt.text !== undefined || prompt.file !== undefined),
  );
  return [
    ...tooLong,
    ...fixed.map(([name]) => ({
      path,
      message: `expected made-up prompts in workload ${name}, as ${trace} says how long they are`,
      hint: 'set prompt: { tokens: 128 } there, or leave inputTokens out of the trace',
    })),
  ];
}
