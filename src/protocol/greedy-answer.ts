import type { ProtocolName } from '../scenario/scenario.ts';
import { isMapping, parseJson } from './json.ts';
import { excerpt } from './outcome.ts';

/** A whole answer to a greedy prompt, by the ids of its tokens, or by its words where no ids are told. */
export interface GreedyAnswer {
  readonly tokens: readonly (number | string)[];
  readonly finishReason?: string | undefined;
}

/** What the body of a 2xx says; undefined where it is no answer. */
export function greedyAnswerIn(body: string, protocol: ProtocolName): GreedyAnswer | undefined {
  const parsed = parseJson(body);
  const answer: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
  if (!isMapping(answer)) return undefined;
  return protocol === 'tgi' ? tgiAnswer(answer) : chatAnswer(answer);
}

function tgiAnswer(answer: Readonly<Record<string, unknown>>): GreedyAnswer | undefined {
  const { generated_text: text, details } = answer;
  if (typeof text !== 'string') return undefined;
  const told = isMapping(details) ? details : {};
  const tokens = Array.isArray(told['tokens']) ? told['tokens'] : [];
  const ids = tokens.map(token => (isMapping(token) ? token['id'] : undefined)).filter(id => typeof id === 'number');
  const areTold = ids.length > 0 && ids.length === tokens.length;
  return { tokens: areTold ? ids : wordsOf(text), finishReason: textOf(told['finish_reason']) };
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
