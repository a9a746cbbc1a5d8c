import { foresee, longestMs, requestsFor } from '../analysis/gate/plan.ts';
import type { Policy } from '../analysis/gate/policy.ts';
import { subjectsOf } from '../analysis/gate/subjects.ts';
import { type ExitCode, exitCodes } from '../errors.ts';
import { gatePlan } from '../report/gate-plan.ts';
import { terminal } from '../report/terminal.ts';
import { expand } from '../scenario/expand.ts';
import type { Scenario } from '../scenario/resolve.ts';
import { plural } from '../units.ts';
import { loadSide } from './gate-sources.ts';
import { type Io, say } from './io.ts';

/** Changes that people ask for: a little less throughput, and a tail that is longer. */
const wanted = [0.03, 0.15];

interface PlanOptions {
  readonly scenario: Scenario;
  readonly policy: Policy;
  readonly pairs: number;
  /** Earlier runs, or baselines, that tell how noisy and how long runs are. */
  readonly history: readonly string[];
  readonly baselines: string;
}

/** `tgi-bench gate run --plan`: what the gate would cost and could see; nothing is sent. */
export async function showPlan(
  { scenario, policy, pairs, history, baselines }: PlanOptions,
  io: Io,
): Promise<ExitCode> {
  const earlier = await loadSide(history, baselines, io);
  const [first] = earlier;
  const requests = expand(scenario).flatMap(({ end }) => end.requests ?? []);
  const document = gatePlan({
    scenario: scenario.name,
    planned: pairs,
    runMs: longestMs(earlier),
    requests: requests.length === 0 ? undefined : pairs * scenario.load.repetitions * Math.min(...requests),
    needed: requestsFor(policy.unanswered),
    knownBy: first === undefined ? undefined : `${plural(earlier.length, 'earlier run')} of ${first.scenario.name}`,
    foresights: first === undefined ? [] : foresee(subjectsOf(policy, first), earlier, pairs, wanted),
    wanted,
  });
  say(io.stdout, terminal(document, { width: io.stdout.columns, colour: io.stdout.colour }));
  return exitCodes.done;
}
