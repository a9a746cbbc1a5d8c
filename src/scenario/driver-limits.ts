/** What each driver can hold. A step that asks more of its driver is refused before anything is sent, with the reason. */
import type { Path, Problem } from '../schema/checked-yaml.ts';
import type { ScenarioFile, ScenarioStep } from './scenario.ts';
import type { TargetEntry } from './target.ts';

/** What a driver can be asked for. */
export interface DriverLimits {
  readonly loads: readonly ('closed' | 'open')[];
  /** Whether a slot can pause between an answer and its next request. */
  readonly thinks: boolean;
  readonly answers: readonly ('streaming' | 'unary')[];
  readonly ends: readonly ('requests' | 'duration')[];
  readonly schemes: readonly ('http:' | 'https:')[];
  /** Whether a request can be sent again. */
  readonly retries: boolean;
}

const everything = {
  loads: ['closed', 'open'],
  thinks: true,
  answers: ['streaming', 'unary'],
  ends: ['requests', 'duration'],
  schemes: ['http:', 'https:'],
  retries: true,
} as const satisfies DriverLimits;

export const driverLimits = {
  undici: everything,
  socket: { ...everything, schemes: ['http:'] },
  autocannon: {
    loads: ['closed'],
    thinks: false,
    answers: ['unary'],
    ends: ['requests'],
    schemes: ['http:'],
    retries: false,
  },
} as const satisfies Readonly<Record<string, DriverLimits>>;

/** What sends the requests of a step. */
export type DriverName = keyof typeof driverLimits;

/** What a step may name: `auto` is the bare socket over plain http, undici over TLS. */
export type DriverChoice = DriverName | 'auto';

/** The driver of a step at an endpoint of the given scheme. */
export function driverOf(choice: DriverChoice, scheme: string): DriverName {
  if (choice !== 'auto') return choice;
  return scheme === 'https:' ? 'undici' : 'socket';
}

/** Where a step asks for what its driver cannot hold; and the floor, which autocannon measures. */
export function problemsOfDrivers(file: ScenarioFile, targets: readonly TargetEntry[]): Problem[] {
  const steps = (file.load.steps ?? []).flatMap((step, index) =>
    problemsOfStep(step, ['load', 'steps', index], file, targets),
  );
  const secure = secureOrigins(file, targets);
  if (!file.load.floor || secure.length === 0) return steps;
  const message = `expected plain http for the floor, which autocannon measures, got ${secure.join(', ')}`;
  return [...steps, { path: ['load', 'floor'], message, hint: reasons.https }];
}

function problemsOfStep(step: ScenarioStep, at: Path, file: ScenarioFile, targets: readonly TargetEntry[]): Problem[] {
  const name = step.driver;
  const limits: DriverLimits = name === 'auto' ? everything : driverLimits[name];
  const streamed = streamedWorkloads(file);
  const secure = secureOrigins(file, targets);
  const asked = [
    {
      field: step.trace === undefined ? 'ratePerS' : 'trace',
      isTooMuch: (step.ratePerS ?? step.trace) !== undefined && !limits.loads.includes('open'),
      expected: 'a closed loop (concurrency)',
      reason: reasons.openLoop,
    },
    {
      field: 'thinkTime',
      isTooMuch: step.thinkTime !== undefined && !limits.thinks,
      expected: 'no thinkTime',
      reason: reasons.thinkTime,
    },
    {
      field: 'duration',
      isTooMuch: step.duration !== undefined && !limits.ends.includes('duration'),
      expected: 'requests',
      reason: reasons.duration,
    },
    {
      field: 'driver',
      isTooMuch: streamed.length > 0 && !limits.answers.includes('streaming'),
      expected: `stream: false in ${streamed.join(', ')}`,
      reason: reasons.streaming,
    },
    {
      field: 'driver',
      isTooMuch: secure.length > 0 && !limits.schemes.includes('https:'),
      expected: `plain http instead of ${secure.join(', ')}`,
      reason: name === 'socket' ? reasons.plain : reasons.https,
    },
    {
      field: 'driver',
      isTooMuch: file.retry.attempts > 0 && !limits.retries,
      expected: 'no retry',
      reason: reasons.retries,
    },
  ];
  return asked
    .filter(({ isTooMuch }) => isTooMuch)
    .map(({ field, expected, reason }) => ({
      path: [...at, field],
      message: `expected ${expected} with driver: ${name}`,
      hint: reason,
    }));
}

/** Why autocannon, and the bare socket, cannot hold it. */
const reasons = {
  openLoop: 'its rate is a count that starts anew each second and waits for its connections, which is no open loop',
  thinkTime: 'it sends the next request of a connection from within the answer to the last',
  duration: 'it ends by a number of requests; atMost beside it bounds the time',
  streaming: 'it tells of an answer only when it is whole',
  https: 'it never checks a certificate, so the token could go to anyone',
  plain: 'it speaks plain http only; undici speaks TLS as well',
  retries: 'it never sends a request again',
} as const;

/** The workloads in use that ask for a stream. */
function streamedWorkloads(file: ScenarioFile): string[] {
  const used = new Set(file.targets.flatMap(target => target.workloads));
  return Object.entries(file.workloads).flatMap(([name, { stream }]) => (stream && used.has(name) ? [name] : []));
}

function secureOrigins({ service }: ScenarioFile, targets: readonly TargetEntry[]): string[] {
  const urls = targets.map(({ target }) => target.url ?? service.url).filter(url => URL.canParse(url));
  return [...new Set(urls.map(url => new URL(url)).flatMap(url => (url.protocol === 'https:' ? [url.origin] : [])))];
}
