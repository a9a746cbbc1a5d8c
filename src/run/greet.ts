import { systemClock } from '../clock.ts';
import type { Attempt } from '../driver/driver.ts';
import type { Addressing } from '../driver/message.ts';
import { exitCodes, HarnessError } from '../errors.ts';
import { ask } from '../http/ask.ts';
import { isMapping } from '../protocol/json.ts';
import { seededRandom } from '../random.ts';
import { driverOf } from '../scenario/driver-limits.ts';
import type { Target } from '../scenario/target.ts';
import type { EncodedImage } from '../workload/image.ts';
import type { ModelFacts } from '../workload/prompt.ts';
import { commonWords, madeUpText } from '../workload/text.ts';
import { calibrated } from '../workload/wording.ts';
import { learnPictureTokens } from './picture-tokens.ts';
import { type ServiceBench, type ServiceBenchOptions, serviceBench } from './service-bench.ts';
import { isCalibrated, type Models, type PreparedWorkloads } from './workloads.ts';

/** What a service said before the run: of itself, and of each of its models. */
export interface Greeting {
  readonly info: unknown;
  readonly models: Models;
}

/** How long the service may take to tell about itself. */
const patienceMs = 10_000;

/** The words of the prompts that show how a server counts them; even the smallest model takes both. */
const shortWords = 20;
const longWords = 200;

/** How often a target is asked before it is taken for down. */
const greetings = 3;

/**
 * Asks every target for one token and the service for what it says of itself: a wrong token, path or address shows
 * before any load, and once. A model whose prompts are made to a length is asked twice, to learn how it counts words,
 * and once for each size of its pictures. Throws a HarnessError where a target cannot be reached, does not exist or
 * refuses the token or a picture.
 */
export async function greet(
  options: Omit<ServiceBenchOptions, 'clock'>,
  workloads: PreparedWorkloads,
  signal: AbortSignal,
): Promise<Greeting> {
  const { scenario, serviceUrl, ca } = options;
  const bench = serviceBench({ ...options, clock: systemClock() });
  const models = new Map<string, ModelFacts>();
  try {
    const send = (target: Target, words: number, images: readonly EncodedImage[] = []): Promise<Attempt> => {
      const prompt = madeUpText(words, commonWords, seededRandom(scenario.seed, 'greeting', words));
      return bench.sendOf(target)({ prompt, images, maxNewTokens: 1, parameters: {}, stream: true }, signal);
    };
    const used = (model: string) =>
      scenario.targets.filter(target => target.model === model).flatMap(target => target.workloads);
    for (const target of scenario.targets) {
      if (signal.aborted) break;
      await bench.open([{ target, driver: driverOf('auto', bench.urlOf(target).protocol), inFlight: 1 }]);
      const short = await patiently(() => send(target, shortWords));
      judge(target, bench.urlOf(target), short);
      if (models.has(target.model)) continue;
      const asked = [...new Set(used(target.model))].flatMap(name => workloads.get(name) ?? []);
      const long = asked.some(isCalibrated) ? await send(target, longWords) : undefined;
      const withPicture = (picture: EncodedImage) => send(target, shortWords, [picture]);
      models.set(target.model, {
        ...tokensOfWords(short, long),
        ...(await limitsOf(bench, target, ca)),
        ...(await learnPictureTokens(target, asked, short.inputTokens, withPicture)),
      });
    }
    return { info: await infoAt(`${serviceUrl}/info`, bench.addressingOf(), ca), models };
  } finally {
    await bench.close();
  }
}

function tokensOfWords(short: Attempt, long: Attempt | undefined): Pick<ModelFacts, 'tokensOfWords'> {
  if (short.inputTokens === undefined || long?.inputTokens === undefined) return {};
  const found = calibrated(
    { words: shortWords, tokens: short.inputTokens },
    { words: longWords, tokens: long.inputTokens },
  );
  return found === undefined ? {} : { tokensOfWords: found };
}

/**
 * The longest prompt a model takes, and with its answer, by what its endpoint says of itself: beside `generate`, as
 * documented, or below it. Of a chat route it is what is before it, where vLLM tells the length of its context instead.
 */
async function limitsOf(
  bench: ServiceBench,
  target: Target,
  ca: string | undefined,
): Promise<Pick<ModelFacts, 'maxInputTokens' | 'maxTotalTokens'>> {
  const url = bench.urlOf(target);
  const address = url.origin + url.pathname.replace(/\/$/, '');
  const endpoint = address.replace(/\/v1\/chat\/completions$/, '');
  const said = (path: string) => infoAt(path, bench.addressingOf(target), ca);
  for (const at of new Set([endpoint.replace(/\/generate$/, ''), endpoint])) {
    const info = await said(`${at}/info`);
    const maxInputTokens = countIn(info, 'max_input_tokens', 'max_input_length', 'max_sequence_length');
    const maxTotalTokens = countIn(info, 'max_total_tokens');
    if (maxInputTokens !== undefined)
      return { maxInputTokens, ...(maxTotalTokens === undefined ? {} : { maxTotalTokens }) };
  }
  const context = endpoint === address ? undefined : contextIn(await said(`${endpoint}/v1/models`));
  return context === undefined ? {} : { maxInputTokens: context, maxTotalTokens: context };
}

/** The context length of the only model in a list of models. */
function contextIn(list: unknown): number | undefined {
  const models: unknown = isMapping(list) ? list['data'] : undefined;
  return Array.isArray(models) && models.length === 1 ? countIn(models[0], 'max_model_len') : undefined;
}

/** The first of several names under which a count is told. */
function countIn(info: unknown, ...names: readonly string[]): number | undefined {
  const told = isMapping(info) ? names.map(name => info[name]) : [];
  return told.find((value): value is number => Number.isSafeInteger(value) && (value as number) > 0);
}

/** What is said there as JSON; undefined where it does not answer so. */
async function infoAt(url: string, addressing: Addressing, ca: string | undefined): Promise<unknown> {
  const { status, body } = await ask({ url, ...addressing, ca, timeoutMs: patienceMs });
  try {
    return status === 200 ? (JSON.parse(body) as unknown) : undefined;
  } catch {
    return undefined;
  }
}

/** A service may answer badly once; one that does so again and again is down. */
async function patiently(send: () => Promise<Attempt>): Promise<Attempt> {
  let attempt = await send();
  for (let again = 1; again < greetings && isDown(attempt); again++) attempt = await send();
  return attempt;
}

function isDown({ outcome }: Attempt): boolean {
  return outcome.kind === 'server_error' || outcome.kind === 'timeout' || outcome.kind === 'protocol';
}

function judge(target: Target, url: URL, { outcome }: Attempt): void {
  const where = url.origin + url.pathname;
  const unreachable = (expected: string, got: string, hint: string) =>
    new HarnessError(`${where}: expected ${expected}, got ${got}`, { hint, exitCode: exitCodes.unreachable });
  const said = outcome.detail ? `: ${outcome.detail}` : '';
  switch (outcome.kind) {
    case 'unauthorized':
      throw unreachable(
        'the token to be accepted',
        `401${said}`,
        'check VALID_TOKEN or --token-file; nothing more was sent, for repeated refusals can ban everyone',
      );
    case 'forbidden':
      if (outcome.banned)
        throw unreachable(
          'to be let in',
          `a ban (403)${said}`,
          'the gateway bars everyone for some minutes after several wrong tokens: wait, then check the token',
        );
      return;
    case 'connection':
      throw unreachable('an answer', `a broken connection${said}`, 'is it running, and is this its address?');
    case 'rejected':
      if (outcome.status === 404)
        throw unreachable(
          `an endpoint for ${target.name}`,
          `404${said}`,
          'model paths are taken verbatim: check the name and the GPU number',
        );
      return;
    case 'server_error':
    case 'timeout':
    case 'protocol':
      throw unreachable(
        'an answer',
        `${outcome.status ?? outcome.kind}${said}, ${greetings} times`,
        'is the model loaded, and its GPU there?',
      );
    default:
      // Anything else may pass under load as well: the records will tell.
      return;
  }
}
