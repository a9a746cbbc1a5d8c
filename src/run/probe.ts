import {
  type Check,
  judgeAuthorization,
  judgeBadRequest,
  judgeBadStream,
  judgeHealth,
  judgeImage,
  judgeInfo,
  judgeMetrics,
  judgeRoutes,
  judgeStream,
  judgeUnary,
  type Reply,
} from '../analysis/conformance.ts';
import { exitCodes, HarnessError } from '../errors.ts';
import { ask } from '../http/ask.ts';
import { tgi } from '../protocol/tgi.ts';
import { type EncodedImage, generateImages } from '../workload/image.ts';

export interface ProbeOptions {
  readonly url: string;
  readonly token: string;
  /** The model to ask, and one that looks at images where there is one. */
  readonly model: string;
  readonly imageModel: string | undefined;
  readonly gpu: number;
  readonly timeoutMs: number;
  /** Aborted to ask nothing more. */
  readonly signal: AbortSignal;
}

const prompt = 'Say hello.';

/**
 * What a service really does, point by point of its API document, from a dozen requests one after another. Throws a
 * HarnessError where it cannot be reached, at the first 401, and at a ban.
 */
export async function probe(options: ProbeOptions): Promise<Check[]> {
  const { url, token, timeoutMs } = options;
  const question = (path: string, body?: unknown, withToken = true) => {
    if (options.signal.aborted)
      throw new HarnessError('interrupted before all was asked', { exitCode: exitCodes.interrupted });
    return ask({ url: url + path, token: withToken ? token : undefined, body, timeoutMs });
  };
  const generate = (parameters: Record<string, unknown>, stream: boolean) => ({
    inputs: prompt,
    parameters: { details: true, ...parameters },
    stream,
  });

  const { route, unary } = await findRoute(options, path => question(path, generate({ max_new_tokens: 4 }, false)));
  const image = options.imageModel === undefined ? undefined : await probeImage(options, options.imageModel, question);
  const endpoint = `/${route}/gpu${options.gpu}/generate`;
  return [
    judgeRoutes([{ asked: options.model, answered: route }, ...(image === undefined ? [] : [image.route])]),
    judgeHealth(await question('/health'), await question(endpoint)),
    judgeInfo(await question('/info'), await question(`${endpoint}/info`)),
    judgeAuthorization(await question(endpoint, generate({ max_new_tokens: 1 }, false), false)),
    judgeUnary(unary, prompt),
    judgeStream(await question(endpoint, generate({ max_new_tokens: 4 }, true))),
    judgeBadRequest(await question(endpoint, generate({ max_new_tokens: 0 }, false))),
    judgeBadStream(await question(endpoint, generate({ max_new_tokens: 0 }, true))),
    ...(image === undefined ? [] : [image.check]),
    judgeMetrics(await question(`${endpoint}/metrics`)),
  ];
}

/** The path that answers: the model's name as given, or as some gateways write it. Throws a HarnessError where none does, at a 401 and at a ban. */
export async function findRoute(
  { url, model, gpu }: Pick<ProbeOptions, 'url' | 'model' | 'gpu'>,
  unaryAt: (path: string) => Promise<Reply>,
): Promise<{ route: string; unary: Reply }> {
  for (const route of new Set([model, sanitised(model)])) {
    const unary = await unaryAt(`/${route}/gpu${gpu}/generate`);
    stopAt(url, unary);
    if (unary.status !== 404) return { route, unary };
  }
  throw new HarnessError(`${url}: expected an endpoint /${model}/gpu${gpu}/generate, got 404`, {
    hint: 'name one that is there: --model NAME --gpu N',
    exitCode: exitCodes.unreachable,
  });
}

/** A wrong token is never sent twice: several of them can ban everyone. */
function stopAt(url: string, { status, body }: Reply): void {
  const failure = (expected: string, got: string, hint: string) => {
    throw new HarnessError(`${url}: expected ${expected}, got ${got}`, { hint, exitCode: exitCodes.unreachable });
  };
  if (status === 0) failure('a service to answer', body, 'is it running, and is this its address?');
  if (status === 401)
    failure('the token to be accepted', '401', 'check VALID_TOKEN or --token-file; nothing more was sent');
  if (status === 403 && body.includes('"detail"'))
    failure('to be let in', `a ban (403): ${body.slice(0, 100)}`, 'wait until it ends, then check the token');
}

/**
 * Two pictures of one size and very different files: looked at, they cost the same tokens; read as text, they do not.
 */
async function probeImage(
  { gpu }: ProbeOptions,
  model: string,
  question: (path: string, body: unknown) => Promise<Reply>,
): Promise<{ check: Check; route: { asked: string; answered: string } }> {
  const pictures = await Promise.all(
    [20, 95].map(
      async quality =>
        (
          await generateImages({ width: 96, height: 96, format: 'jpeg', quality, count: 1 }, 0, 'probe')
        )[0] as EncodedImage,
    ),
  );
  let answered = model;
  const replies = async (syntax: 'tag' | 'markdown') => {
    const both: Reply[] = [];
    for (const image of pictures) {
      const asked = { prompt: 'What is this?', images: [image], maxNewTokens: 2, parameters: {}, stream: true };
      const body: unknown = JSON.parse(tgi(syntax).encode(asked));
      const ask = () => question(`/${answered}/gpu${gpu}/generate`, body);
      let reply = await ask();
      if (reply.status === 404 && answered !== sanitised(model)) {
        answered = sanitised(model);
        reply = await ask();
      }
      both.push(reply);
    }
    return both;
  };
  const check = judgeImage(await replies('tag'), await replies('markdown'));
  return { check, route: { asked: model, answered } };
}

/** How gateways that allow only letters, digits and dashes in a path write a model's name. */
function sanitised(model: string): string {
  return model.toLowerCase().replaceAll(/[^a-z0-9-]/g, '_');
}
