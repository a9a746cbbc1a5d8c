import { seededRandom } from '../random.ts';
import { endOfSequence, logProbability, type Word, wordAt } from './vocabulary.ts';

/** What decides an answer: equal questions get equal answers, token by token. */
export interface Question {
  /** The prompt without its images. */
  readonly text: string;
  readonly seed: number;
  readonly maxNewTokens: number;
  readonly stop: readonly string[];
  /** Where set, the answer may end by itself, at lengths around this median. */
  readonly medianTokens?: number | undefined;
}

/** Why an answer ended, in TGI's words. */
export type FinishReason = 'length' | 'eos_token' | 'stop_sequence';

/** The spread of the lengths at which answers end by themselves: the deviation of their logarithm. */
const lengthDeviation = 0.6;

/** An answer that is known before it is given: the engine says when each token comes, this says which. */
export class Answer {
  readonly seed: number;
  readonly tokens: number;
  readonly finishReason: FinishReason;
  readonly #key: number;

  constructor(question: Question) {
    this.seed = question.seed;
    this.#key = keyOf(question);
    const naturalTokens = naturalLength(question, this.#key);
    this.tokens = Math.min(question.maxNewTokens, naturalTokens);
    this.finishReason = naturalTokens <= question.maxNewTokens ? 'eos_token' : 'length';
    const stopped = question.stop.length === 0 ? undefined : this.#firstStop(question.stop);
    if (stopped !== undefined) {
      this.tokens = stopped;
      this.finishReason = 'stop_sequence';
    }
  }

  /** The token at `index`, from 1, as the JSON of TGI's token object. */
  tokenJson(index: number): string {
    const draw = this.#draw(index);
    const { head, tail } = this.#word(index, draw);
    return head + logProbability(draw >>> 16) + tail;
  }

  /** The text of the token at `index`, from 1, as a JSON string. */
  quotedToken(index: number): string {
    return this.#word(index, this.#draw(index)).quoted;
  }

  /** The text of the first `tokens` tokens; of all where it is left out. */
  text(tokens: number = this.tokens): string {
    let text = '';
    for (let index = 1; index <= tokens; index++) text += this.#word(index, this.#draw(index)).text;
    return text;
  }

  #word(index: number, draw: number): Word {
    return index === this.tokens && this.finishReason === 'eos_token' ? endOfSequence : wordAt(index - 1, draw);
  }

  /** Sixteen good bits for the word and sixteen for its probability, from the key and the place alone. */
  #draw(index: number): number {
    let bits = Math.imul(this.#key ^ index, 0x9e3779b1);
    bits = Math.imul(bits ^ (bits >>> 15), 0x85ebca77);
    return (bits ^ (bits >>> 13)) >>> 0;
  }

  /** After how many tokens the text first ends in one of the stop sequences. */
  #firstStop(stop: readonly string[]): number | undefined {
    let text = '';
    for (let index = 1; index < this.tokens; index++) {
      text += this.#word(index, this.#draw(index)).text;
      if (stop.some(sequence => sequence !== '' && text.endsWith(sequence))) return index;
    }
    return undefined;
  }
}

function naturalLength(question: Question, key: number): number {
  if (question.medianTokens === undefined) return Number.POSITIVE_INFINITY;
  const draw = seededRandom('answer length', key).logNormal(Math.log(question.medianTokens), lengthDeviation);
  return Math.max(1, Math.round(draw));
}

/** Thirty-two bits of prompt and seed. */
function keyOf({ text, seed }: Question): number {
  let key = 0x811c9dc5 ^ (seed % 0xffffffff);
  for (let at = 0; at < text.length; at++) key = Math.imul(key ^ text.charCodeAt(at), 0x01000193);
  return key ^ (key >>> 16);
}
