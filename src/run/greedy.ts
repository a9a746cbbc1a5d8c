import type { Reply } from '../analysis/conformance.ts';
import type { GreedyAnswer, GreedyAnswers } from '../analysis/gate/greedy.ts';
import { ask } from '../http/ask.ts';
import { isMapping, parseJson } from '../protocol/json.ts';
import { excerpt } from '../protocol/outcome.ts';
import type { Scenario } from '../scenario/resolve.ts';
import type { Target } from '../scenario/target.ts';
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
 * Asks a service some of the scenario's own prompts without chance (`do_sample: false`), one at a time, outside of any
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
      parameters: { do_sample: false },
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
      const answer = answerIn(reply, target);
      if (answer === undefined) problem = `${reply.status === 0 ? 'no answer' : reply.status}: ${excerpt(reply.body)}`;
      else answers.push(answer);
    }
    asked.push({ where, answers, ...(problem === undefined ? {} : { problem }) });
  }
  return asked;
}

/** The token ids that an answer tells, or its words where it tells none; undefined where it is no answer. */
function answerIn({ status, body }: Reply, { protocol }: Target): GreedyAnswer | undefined {
  if (status !== 200) return undefined;
  const parsed = parseJson(body);
  const answer: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
  if (!isMapping(answer)) return undefined;
  return protocol === 'tgi' ? tgiAnswer(answer) : chatAnswer(answer);
}

function tgiAnswer(answer: Readonly<Record<string, unknown>>): GreedyAnswer | undefined {
  const { generated_text: text, details } = answer;
  if (typeof text !== 'string') return undefined;
  const told = isMapping(details) ? details : {};
  const ids = Array.isArray(told['tokens'])
    ? told['tokens'].map(token => (isMapping(token) ? Number(token['id']) : Number.NaN))
    : [];
  return { tokens: ids.length > 0 ? ids : wordsOf(text), finishReason: textOf(told['finish_reason']) };
}

function chatAnswer({ choices }: Readonly<Record<string, unknown>>): GreedyAnswer | undefined {
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
  if (!isMapping(choice) || !isMapping(choice['message'])) return undefined;
  const { content } = choice['message'];
  if (typeof content !== 'string') return undefined;
  return { tokens: wordsOf(content), finishReason: textOf(choice['finish_reason']) };
}

function wordsOf(text: string): string[] {
  return text.split(/(?<=\s)/).filter(word => word !== '');
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? excerpt(value) : undefined;
}
