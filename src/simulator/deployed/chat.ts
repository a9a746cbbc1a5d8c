import type { Answer, FinishReason } from '../answer.ts';
import type { Form } from '../generate.ts';
import { mistyped, readParameters } from '../parameters.ts';
import { jsonAnswer } from '../reply.ts';
import type { Telling, Told } from '../told.ts';
import type { Asked } from '../validation.ts';
import { deployedRefusal } from './errors.ts';
import type { Router } from './router.ts';
import { nativeForm } from './router-form.ts';
import { routerVersion } from './router-info.ts';

/** A chat request as a generation, and what of it only its answer needs. */
export interface Chat {
  readonly asked: Asked;
  readonly includesUsage: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads the body of `/v1/chat/completions`. Throws Refused: mistyped. */
export function readChatBody(body: unknown): Chat {
  const given = objectOf(body, 'body');
  const { messages, stream, temperature, stream_options } = given;
  if (!Array.isArray(messages)) throw mistyped('messages', 'a sequence', messages);
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean')
    throw mistyped('stream', 'a boolean', stream);
  const { max_tokens, top_p, seed, stop, frequency_penalty } = given;
  // At temperature 0 TGI 2.4 does not sample and forgets the temperature; else it always samples.
  const sampling = temperature === 0 ? { do_sample: false } : { do_sample: true, temperature };
  const parameters = { ...sampling, max_new_tokens: max_tokens, top_p, seed, stop: stop ?? [], frequency_penalty };
  return {
    asked: {
      inputs: `${messages.map((message, at) => turn(message, `messages[${at}]`)).join('')}<|im_start|>assistant\n`,
      parameters: readParameters(parameters, 'deployed'),
      stream: stream === true,
    },
    includesUsage: (stream_options as Fields | null | undefined)?.['include_usage'] === true,
  };
}

function objectOf(value: unknown, path: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw mistyped(path, 'an object', value);
  return value as Fields;
}

/** One message in the ChatML template of the Hermes models. */
function turn(message: unknown, path: string): string {
  const { role, content } = objectOf(message, path);
  if (typeof role !== 'string') throw mistyped(`${path}.role`, 'a string', role);
  return `<|im_start|>${role}\n${contentText(content, `${path}.content`)}<|im_end|>\n`;
}

/** Text as it is, pictures in TGI's own form. */
function contentText(content: unknown, path: string): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) throw mistyped(path, 'a string or a sequence of parts', content);
  return content.map((part, at) => partText(objectOf(part, `${path}[${at}]`), `${path}[${at}]`)).join('');
}

function partText({ type, text, image_url }: Fields, path: string): string {
  if (type === 'text' && typeof text === 'string') return text;
  const url = type === 'image_url' ? objectOf(image_url, `${path}.image_url`)['url'] : undefined;
  if (typeof url !== 'string') throw mistyped(path, 'a text or an image_url part', type);
  return `![](${url})`;
}

/** `/v1/chat/completions`: OpenAI's objects. TGI 2.4.0 swallows what goes wrong in a stream, and only ends it. */
export function chatForm(router: Router, { asked, includesUsage }: Chat): Form {
  const native = nativeForm(router, asked);
  const model = router.endpoint.served.modelId;
  return {
    ...native,
    stream: { ...native.stream, wording: { plain: deployedRefusal, events: () => ['[DONE]'] } },
    events: told => chunks(told, model, includesUsage),
    whole: (told, times) => {
      const { headers } = native.whole(told, times);
      return jsonAnswer(completion(told, model), headers);
    },
  };
}

/** What every chat object begins with. */
function envelope(object: string, model: string): object {
  const created = Math.floor(Date.now() / 1000);
  return { object, id: '', created, model, system_fingerprint: `${routerVersion}-simulated` };
}

function chunks({ answer, inputTokens }: Told, model: string, includesUsage: boolean): Telling {
  const head = JSON.stringify(envelope('chat.completion.chunk', model)).slice(0, -1);
  const chunk = (index: number, finishReason: string) =>
    `${head},"choices":[{"index":0,"delta":{"role":"assistant","content":${answer.quotedToken(index)}},` +
    `"logprobs":null,"finish_reason":${finishReason}}]}`;
  return {
    event: index => chunk(index, 'null'),
    ending() {
      const last = chunk(answer.tokens, JSON.stringify(chatReason(answer.finishReason)));
      const counted = `${head},"choices":[],"usage":${JSON.stringify(usage(answer, inputTokens))}}`;
      return [last, ...(includesUsage ? [counted] : []), '[DONE]'];
    },
  };
}

function completion({ answer, inputTokens }: Told, model: string): object {
  const message = { role: 'assistant', content: answer.text() };
  const choice = { index: 0, message, logprobs: null, finish_reason: chatReason(answer.finishReason) };
  return { ...envelope('chat.completion', model), choices: [choice], usage: usage(answer, inputTokens) };
}

function chatReason(reason: FinishReason): string {
  return reason === 'eos_token' ? 'stop' : reason;
}

function usage({ tokens }: Answer, inputTokens: number): object {
  return { prompt_tokens: inputTokens, completion_tokens: tokens, total_tokens: inputTokens + tokens };
}
