/**
 * What is asked: from a workload and a seed to endless GenerationRequests, before any protocol. Invariant: the same
 * names give the same requests, byte for byte, whoever asks for them and in whatever order.
 */
import { type Random, seededRandom } from '../random.ts';
import type { TokenLengths } from '../scenario/trace.ts';
import type { Parameters, Workload } from '../scenario/workload.ts';
import type { EncodedImage } from './image.ts';
import { lengthOf } from './lengths.ts';
import { drawPicture } from './pictures.ts';
import type { PreparedWorkload } from './prepare.ts';
import { presets } from './presets.ts';
import { answerRoom, longestPromptTokens, type ModelFacts, promptSource } from './prompt.ts';

/** What one request asks for. */
export interface GenerationRequest {
  readonly prompt: string;
  readonly images: readonly EncodedImage[];
  readonly maxNewTokens: number;
  readonly parameters: Parameters;
  readonly stream: boolean;
  /** How many tokens its prompt was made to have; undefined where no length was asked for or pictures add to it. */
  readonly askedInputTokens?: number;
  /** Which of several workloads it was drawn from. */
  readonly workload?: string;
  /** Which of several kinds of request of its workload it is, such as the size of its picture. */
  readonly variant?: string;
}

/**
 * The requests of one workload, by name such as `[step, repetition, 'measured', index]`. Lengths that are given take
 * the place of the workload's own, as far as its prompts are made up.
 */
export type RequestSource = (names: readonly (string | number)[], lengths?: TokenLengths) => GenerationRequest;

/** The requests of a prepared workload for a model. */
export function requestSource(prepared: PreparedWorkload, seed: number, facts: ModelFacts = {}): RequestSource {
  const { name, workload, pictures } = prepared;
  const promptOf = promptSource(prepared, seed, facts);
  const roomFor = answerRoom(prepared, facts);
  const once = sameAgain();
  return (names, lengths = {}) => {
    const random = seededRandom(seed, 'request', name, ...names);
    const drawn = pictures.length === 0 ? undefined : drawPicture(pictures, random);
    const { text, askedTokens } = promptOf(random, names, lengths.inputTokens);
    const answerTokens = lengths.outputTokens ?? outputTokens(workload, random);
    return once({
      prompt: text,
      images: drawn === undefined ? [] : [drawn.picture],
      maxNewTokens: askedTokens === undefined ? answerTokens : Math.min(answerTokens, roomFor(askedTokens)),
      parameters: workload.parameters,
      stream: workload.stream,
      ...(drawn !== undefined || askedTokens === undefined ? {} : { askedInputTokens: askedTokens }),
      ...(drawn === undefined || pictures.length === 1 ? {} : { variant: drawn.size }),
    });
  };
}

/** Gives a request that asks for the same as the last one as that very object: whoever sends it need not put it into words again. */
function sameAgain(): (request: GenerationRequest) => GenerationRequest {
  let last: GenerationRequest | undefined;
  return request => {
    const isSame =
      last !== undefined &&
      last.prompt === request.prompt &&
      last.images[0] === request.images[0] &&
      last.maxNewTokens === request.maxNewTokens &&
      last.askedInputTokens === request.askedInputTokens;
    if (!isSame) last = request;
    return last as GenerationRequest;
  };
}

/** Whether some answers are asked to be shorter than the workload says, for they would not fit beside their prompt. */
export function areAnswersCut(prepared: PreparedWorkload, facts: ModelFacts): boolean {
  const promptTokens = longestPromptTokens(prepared, facts);
  return promptTokens !== undefined && mostOutputTokens(prepared.workload) > answerRoom(prepared, facts)(promptTokens);
}

function mostOutputTokens({ prompt, output }: Workload): number {
  const asked = output?.maxNewTokens;
  if (typeof asked === 'object') return asked.max;
  const most = prompt.preset === undefined ? Number.POSITIVE_INFINITY : presets[prompt.preset].maxOutputTokens;
  return Math.min(most, asked ?? Number.POSITIVE_INFINITY);
}

/** How many different requests a workload can give before one comes again; undefined where there is no end of them. */
export function differentRequests({ workload: { prompt }, prompts, pictures }: PreparedWorkload): number | undefined {
  const given = prompt.text === undefined ? prompts.length : 1;
  if (given === 0 || prompt.unique) return undefined;
  return (
    given *
    Math.max(
      1,
      pictures.reduce((sum, pool) => sum + pool.pictures.length, 0),
    )
  );
}

/** Requests drawn from several sources by their weights; each says which it came from. */
export function mixedSource(
  sources: readonly { readonly name: string; readonly weight: number; readonly source: RequestSource }[],
  seed: number,
): RequestSource {
  const total = sources.reduce((sum, { weight }) => sum + weight, 0);
  return (names, lengths) => {
    let left = seededRandom(seed, 'mix', ...names).uniform() * total;
    const drawn = sources.find(({ weight }) => {
      left -= weight;
      return left < 0;
    });
    const { name, source } = (drawn ?? sources.at(-1)) as (typeof sources)[number];
    return { ...source(names, lengths), workload: name };
  };
}

/** The length of an answer: a number beside a preset is the most that is asked for, a distribution takes its place. */
function outputTokens({ prompt, output }: Workload, random: Random): number {
  const asked = output?.maxNewTokens;
  if (prompt.preset === undefined || typeof asked === 'object') return lengthOf(asked ?? 1, random);
  const { output: lengths, maxOutputTokens } = presets[prompt.preset];
  return Math.min(lengthOf(lengths, random), maxOutputTokens, asked ?? Number.POSITIVE_INFINITY);
}
