import type { GreedyAnswers } from '../analysis/gate/greedy.ts';
import { ask } from '../http/ask.ts';
import { type GreedyAnswer, greedyAnswerIn } from '../protocol/greedy-answer.ts';
import { parseJson } from '../protocol/json.ts';
import { excerpt } from '../protocol/outcome.ts';
import type { Scenario } from '../scenario/resolve.ts';
import { requestSource } from '../workload/workload.ts';
import type { ServiceBench } from './service-bench.ts';
import { factsOf, type Models, type PreparedWorkloads } from './workloads.ts';

/** How many prompts of each workload are asked at each endpoint, how long their answers may be, and how often. */
const promptsEach = 2;
const maxNewTokens = 32;
const times = 2;
/** The most questions that are asked, however many endpoints there are. */
const maxQuestions = 12;

/** What is asked of which models, and whom besides the usual ones is trusted. */
interface Asked {
  readonly scenario: Scenario;
  readonly workloads: PreparedWorkloads;
  readonly models: Models;
  readonly ca: string | undefined;
}

/**
 * Asks a service some of the scenario's own prompts without chance, one at a time, outside of any
 * load: what it says is compared with what another version of it says. Records keep no token ids, so that measuring
 * costs nothing for it.
 */
export async function askGreedy(
  service: ServiceBench,
  { scenario, workloads, models, ca }: Asked,
  signal: AbortSignal,
): Promise<GreedyAnswers[]> {
  const questions = scenario.targets.flatMap(target =>
    target.workloads.flatMap(name => {
      const prepared = workloads.get(name);
      if (prepared === undefined) return [];
      const source = requestSource(prepared, scenario.seed, factsOf(scenario, models, target.model));
      return Array.from({ length: promptsEach }, (_, i) => ({ target, name, request: source(['greedy', i]) }));
    }),
  );
  const asked: GreedyAnswers[] = [];
  for (const { target, name, request } of questions.slice(0, maxQuestions)) {
    if (signal.aborted) break;
    const greedy = {
      ...request,
      maxNewTokens: Math.min(request.maxNewTokens, maxNewTokens),
      // Each protocol has its own word for it.
      parameters: target.protocol === 'tgi' ? { do_sample: false } : { temperature: 0 },
      stream: false,
    };
    const where = `${target.name} ${name}`;
    const answers: GreedyAnswer[] = [];
    let problem: string | undefined;
    for (let time = 0; time < times && problem === undefined; time++) {
      const reply = await ask({
        url: service.urlOf(target).href,
        ...service.addressingOf(target),
        ca,
        body: parseJson(service.protocolOf(target).encode(greedy)),
        timeoutMs: scenario.limits.requestTimeoutMs,
      });
      const answer = reply.status === 200 ? greedyAnswerIn(reply.body, target.protocol) : undefined;
      if (answer === undefined) problem = `${reply.status === 0 ? 'no answer' : reply.status}: ${excerpt(reply.body)}`;
      else answers.push(answer);
    }
    asked.push({ where, answers, ...(problem === undefined ? {} : { problem }) });
  }
  return asked;
}
