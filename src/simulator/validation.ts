import { brokenLimit } from '../engine/limits.ts';
import { Answer } from './answer.ts';
import type { ServedModel } from './catalogue.ts';
import { checkParameters, type Fidelity, type Parameters, type TypedParameters } from './parameters.ts';
import { readPrompt } from './prompt.ts';
import { Refused } from './refusal.ts';
import type { Told } from './told.ts';

/** What a client asks, each field of its type; values are judged once a permit is held. */
export interface Asked {
  readonly inputs: string;
  readonly parameters: TypedParameters;
  readonly stream: boolean;
}

/** What an answer depends on besides the question. */
export interface Setting {
  readonly served: ServedModel;
  readonly fidelity: Fidelity;
  /** Whether an answer begins with its prompt where the client does not say. */
  readonly echoesByDefault: boolean;
  /** The seed of an answer whose client gave none. */
  drawSeed(samples: boolean): number;
}

/**
 * Judges what was asked in TGI's order, what is cheap to judge first, and settles the answer. Throws Refused:
 * invalid.
 */
export async function validate(asked: Asked, setting: Setting): Promise<Told> {
  const { served, fidelity } = setting;
  const parameters = checkParameters(asked.parameters, fidelity);
  if (asked.stream) checkStreamable(parameters);
  checkTruncation(parameters, served);
  const prompt = await readPrompt(asked.inputs, served, fidelity);
  const inputTokens = Math.min(prompt.tokens, parameters.truncateTokens ?? Number.POSITIVE_INFINITY);
  checkLengths(inputTokens, parameters.maxNewTokens, served);
  const answer = () => {
    const seed = parameters.seed ?? setting.drawSeed(parameters.samples);
    const { maxNewTokens, stop } = parameters;
    return new Answer({ text: prompt.text, seed, maxNewTokens, stop, medianTokens: served.medianAnswerTokens });
  };
  return {
    answer: answer(),
    others: Array.from({ length: parameters.bestOf - 1 }, answer),
    echo: (parameters.returnFullText ?? setting.echoesByDefault) ? asked.inputs : '',
    promptText: prompt.text,
    images: prompt.images,
    inputTokens,
    parameters,
    showsSeed: fidelity === 'documented' || parameters.samples,
  };
}

function invalid(message: string): Refused {
  return new Refused({ kind: 'invalid', message });
}

function checkStreamable({ bestOf, decoderInputDetails }: Parameters): void {
  if (bestOf > 1) throw invalid('`best_of` != 1 is not supported when streaming tokens');
  if (decoderInputDetails) throw invalid('`decoder_input_details` == true is not supported when streaming tokens');
}

function checkTruncation({ truncateTokens }: Parameters, { maxInputTokens }: ServedModel): void {
  if (truncateTokens === undefined || (truncateTokens > 0 && truncateTokens <= maxInputTokens)) return;
  throw invalid(`\`truncate\` must be strictly positive and less than ${maxInputTokens}. Given: ${truncateTokens}`);
}

function checkLengths(inputTokens: number, maxNewTokens: number, served: ServedModel): void {
  const { maxInputTokens, maxTotalTokens } = served;
  switch (brokenLimit({ inputTokens, maxNewTokens }, served)) {
    case 'maxTotalTokens': {
      const given = `${inputTokens} \`inputs\` tokens and ${maxNewTokens} \`max_new_tokens\``;
      throw invalid(`\`inputs\` tokens + \`max_new_tokens\` must be <= ${maxTotalTokens}. Given: ${given}`);
    }
    case 'maxInputTokens':
      throw invalid(`\`inputs\` must have less than ${maxInputTokens} tokens. Given: ${inputTokens}`);
  }
}
