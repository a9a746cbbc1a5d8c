import { beginsWith, endsWith, Pattern, placeOf } from './bytes.ts';
import { failureInside } from './failure.ts';
import { answerSaying, isMapping, parseJson, protocolError } from './json.ts';
import { excerpt } from './outcome.ts';
import type { Answer, GenerationRequest, Protocol, ProtocolError, StreamEvent } from './protocol.ts';

/** OpenAI's chat completions, as vLLM, SGLang, llama.cpp and TGI's own chat route speak them. */
export function openaiChat(model: string): Protocol {
  return { name: 'openai-chat', encode: request => encode(request, model), isPlainToken, decodeEvent, decodeAnswer };
}

function encode(request: GenerationRequest, model: string): string {
  const images = request.images.map(({ mediaType, base64 }) => ({
    type: 'image_url',
    image_url: { url: `data:${mediaType};base64,${base64}` },
  }));
  const content = images.length === 0 ? request.prompt : [...images, { type: 'text', text: request.prompt }];
  return JSON.stringify({
    model,
    messages: [{ role: 'user', content }],
    max_tokens: request.maxNewTokens,
    ...request.parameters,
    stream: request.stream,
    ...(request.stream ? { stream_options: { include_usage: true } } : {}),
  });
}

/** How chunks begin; how their text is led in; and how they end that are neither the last nor say what was used. */
const chunkStarts = ['{"id":"', '{"object":"chat.completion.chunk"'].map(text => new Pattern(text));
const choiceStart = new Pattern('"choices":[{"index":0,"delta":{');
const textStarts = ['"content":"', '"role":"assistant","content":"'].map(text => new Pattern(text));
const chunkEnds = [
  '"},"logprobs":null,"finish_reason":null}]}',
  '"},"logprobs":null,"finish_reason":null}],"usage":null}',
  '"},"logprobs":null,"finish_reason":null,"token_ids":null}]}',
  '"},"finish_reason":null}]}',
].map(text => new Pattern(text));

const quote = 0x22;

/** Inside a string every quote stands behind a backslash, so none of these can be part of a text. */
function isPlainToken(bytes: Buffer, from: number, to: number): boolean {
  if (!chunkStarts.some(start => beginsWith(start, bytes, from, to))) return false;
  const end = chunkEnds.find(each => endsWith(each, bytes, from, to));
  if (end === undefined) return false;
  const choice = placeOf(choiceStart, bytes, from, to);
  if (choice === -1) return false;
  const at = choice + choiceStart.length;
  const lead = textStarts.find(start => beginsWith(start, bytes, at, to));
  return lead !== undefined && bytes[at + lead.length] !== quote; // an empty text is no token
}

/** A chunk with something in it is a token; several tokens in one chunk show in the usage alone. */
function decodeEvent(data: string): StreamEvent {
  if (data === '[DONE]') return { kind: 'other' };
  const event = parseJson(data);
  if (!isMapping(event)) return protocolError(`an event that is not a JSON object: ${data}`);
  if (event['error'] !== undefined && event['error'] !== null) return chatError(event);
  const choice: unknown = Array.isArray(event['choices']) ? event['choices'][0] : undefined;
  const usage = usageOf(event);
  if (!isMapping(choice)) return usage === undefined ? { kind: 'other' } : { kind: 'counts', answer: usage };
  const reason = choice['finish_reason'];
  const final: Answer | undefined =
    typeof reason === 'string' ? { kind: 'answer', finishReason: excerpt(reason), ...usage } : undefined;
  if (saysSomething(choice['delta'])) return final === undefined ? { kind: 'token' } : { kind: 'token', final };
  return final === undefined ? { kind: 'other' } : { kind: 'final', answer: final };
}

/** A delta that names only the role is no token. */
function saysSomething(delta: unknown): boolean {
  if (!isMapping(delta)) return false;
  const texts = [delta['content'], delta['reasoning_content'], delta['reasoning']];
  return (
    texts.some(text => typeof text === 'string' && text !== '') ||
    (Array.isArray(delta['tool_calls']) && delta['tool_calls'].length > 0)
  );
}

function decodeAnswer(body: string): Answer | ProtocolError {
  const answer = parseJson(body);
  if (!isMapping(answer)) return protocolError(`an answer that is not a JSON object: ${body}`);
  if (answer['error'] !== undefined && answer['error'] !== null) return chatError(answer);
  const choice: unknown = Array.isArray(answer['choices']) ? answer['choices'][0] : undefined;
  if (!isMapping(choice) || !isMapping(choice['message'])) return protocolError(`an answer without a message: ${body}`);
  const reason = choice['finish_reason'];
  return {
    kind: 'answer',
    ...(typeof reason === 'string' ? { finishReason: excerpt(reason) } : {}),
    ...usageOf(answer),
  };
}

function usageOf(event: Readonly<Record<string, unknown>>): Answer | undefined {
  const { usage } = event;
  if (!isMapping(usage)) return undefined;
  return answerSaying(undefined, usage['prompt_tokens'], usage['completion_tokens']);
}

/** TGI's chat route says every failure with 422, overload too: there the words decide. */
function chatError(event: Readonly<Record<string, unknown>>): ProtocolError {
  const outcome = failureInside(event, 200);
  if (outcome.detail?.includes('overloaded')) return { kind: 'error', outcome: { ...outcome, kind: 'overloaded' } };
  const status = isMapping(event['error']) ? (event['error']['http_status_code'] ?? event['error']['code']) : undefined;
  return { kind: 'error', outcome: status === 422 || status === 400 ? { ...outcome, kind: 'rejected' } : outcome };
}
