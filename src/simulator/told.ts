import type { Answer } from './answer.ts';
import type { Parameters } from './parameters.ts';
import { tokenPieces } from './tokenizer.ts';

/** An answer together with its question: all that is needed to tell it in any form. */
export interface Told {
  readonly answer: Answer;
  /** The other answers of `best_of`. */
  readonly others: readonly Answer[];
  /** What stands before the answer in `generated_text`: the prompt, where it is given back. */
  readonly echo: string;
  /** The prompt's text, for the details that list its tokens. */
  readonly promptText: string;
  readonly inputTokens: number;
  readonly images: number;
  readonly parameters: Parameters;
  /** Whether the details give the seed; TGI gives null where it did not sample. */
  readonly showsSeed: boolean;
}

/** How a stream tells an answer: the data of its events. */
export interface Telling {
  /** The event of the token at `index`, from 1, of all but the last; in ASCII. */
  event(index: number): string;
  /** The events that come with the last token. */
  ending(): readonly string[];
}

/** `generate` as a stream: TGI's token events. */
export function tokenEvents(told: Told): Telling {
  const { answer } = told;
  const event = (index: number, text: string, details: string) =>
    `{"index":${index},"token":${answer.tokenJson(index)},"generated_text":${text},"details":${details}}`;
  return {
    event: index => event(index, 'null', 'null'),
    ending() {
      const details = told.parameters.details ? { ...outline(answer, told), input_length: told.inputTokens } : null;
      return [event(answer.tokens, JSON.stringify(told.echo + answer.text()), JSON.stringify(details))];
    },
  };
}

function outline(answer: Answer, { showsSeed }: Told): object {
  return {
    finish_reason: answer.finishReason,
    generated_tokens: answer.tokens,
    seed: showsSeed ? answer.seed : null,
  };
}

/** `generate` as one object, with `details` where they were asked for. */
export function wholeAnswer(told: Told): object {
  const { answer, others, parameters } = told;
  const generated_text = told.echo + answer.text();
  if (!parameters.details && !parameters.decoderInputDetails) return { generated_text };
  const prefill = parameters.decoderInputDetails ? prefillTokens(told.promptText) : [];
  const details = { ...outline(answer, told), prefill, tokens: tokensOf(answer) };
  if (others.length === 0) return { generated_text, details };
  const best_of_sequences = others.map(other => ({
    generated_text: told.echo + other.text(),
    ...outline(other, told),
    prefill,
    tokens: tokensOf(other),
  }));
  return { generated_text, details: { ...details, best_of_sequences } };
}

function tokensOf(answer: Answer): unknown[] {
  return Array.from({ length: answer.tokens }, (_, at) => JSON.parse(answer.tokenJson(at + 1)) as unknown);
}

/** The prompt's tokens; the first has no log-probability, for nothing stands before it. */
function prefillTokens(promptText: string): object[] {
  return tokenPieces(promptText).map(({ id, text }, at) => ({
    id,
    text,
    logprob: at === 0 ? null : -1 - (id % 64) / 8,
  }));
}
