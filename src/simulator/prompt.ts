import type { ServedModel } from './catalogue.ts';
import { decodeImage } from './image.ts';
import type { Fidelity } from './parameters.ts';
import { Refused } from './refusal.ts';
import { countTokens } from './tokenizer.ts';

/** A prompt as the model takes it: its text, and what text and pictures cost. */
export interface Prompt {
  readonly text: string;
  readonly images: number;
  readonly tokens: number;
}

/** How pictures are told apart from text. */
interface Markup {
  readonly open: string;
  readonly close: string;
}

/** The document's way, and the only one that TGI itself knows. */
const markups: Readonly<Record<Fidelity, Markup>> = {
  documented: { open: '<image>', close: '</image>' },
  deployed: { open: '![](', close: ')' },
};

/**
 * Takes a prompt apart and decodes its pictures. Throws Refused: invalid, for a picture that is none or breaks the
 * rules, and in the documented form for a picture sent to a text model; deployed, a text model reads it as text.
 */
export async function readPrompt(inputs: string, model: ServedModel, fidelity: Fidelity): Promise<Prompt> {
  if (inputs === '') throw new Refused({ kind: 'invalid', message: '`inputs` cannot be empty' });
  const { text, sources } = separate(inputs, markups[fidelity], fidelity === 'documented');
  if (sources.length > 0 && model.kind === 'text') {
    if (fidelity === 'deployed') return { text: inputs, images: 0, tokens: countTokens(inputs) };
    throw new Refused({ kind: 'invalid', message: `${model.route} takes text alone, no images` });
  }
  let tokens = countTokens(text);
  for (const source of sources) tokens += await decodeImage(source, fidelity);
  return { text, images: sources.length, tokens };
}

/** By `indexOf`: a picture is megabytes of Base64, which no regular expression should walk. */
function separate(inputs: string, { open, close }: Markup, strict: boolean): { text: string; sources: string[] } {
  let text = '';
  let at = 0;
  const sources: string[] = [];
  for (;;) {
    const start = inputs.indexOf(open, at);
    if (start === -1) break;
    const end = inputs.indexOf(close, start + open.length);
    if (end === -1) {
      if (strict) throw new Refused({ kind: 'invalid', message: `an ${open} is not closed by ${close}` });
      break;
    }
    text += inputs.slice(at, start);
    sources.push(inputs.slice(start + open.length, end));
    at = end + close.length;
  }
  return { text: text + inputs.slice(at), sources };
}
