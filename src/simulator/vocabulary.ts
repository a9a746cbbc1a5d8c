import { tokenId } from './tokenizer.ts';

/** One word of an answer: its text, and its token object as JSON, but for the log-probability in the middle. */
export interface Word {
  readonly text: string;
  /** The text as a JSON string. */
  readonly quoted: string;
  readonly head: string;
  readonly tail: string;
}

/** A word as the model says it; `special` where it is a sign to the machine and no part of the text. */
function word(shown: string, special = false): Word {
  const text = special ? '' : shown;
  return {
    text,
    quoted: JSON.stringify(text),
    head: `{"id":${tokenId(shown)},"text":${JSON.stringify(shown)},"logprob":`,
    tail: `,"special":${special}}`,
  };
}

const words = (list: string): readonly Word[] =>
  list
    .trim()
    .split(/\s+/)
    .map(text => word(` ${text}`));

const openers = words('The A This One Each Our Every That Some Any Their No Such Your Another My');
const determiners = words('the a this one each our every that some any their no such your another my');
const adjectives = words(`small large quiet warm bright early modern simple steady common clear useful open local recent
  careful broad narrow gentle direct strong fresh plain round distant global final double smooth silver northern green`);
const nouns = words(`river model garden window engine market signal bridge village teacher picture question answer
  morning machine system harbor kitchen library mountain letter story city station farmer reason season winter journey
  pattern table forest painter road wind island valley number science planet energy nature network memory school
  harvest holiday meadow captain shelter summit object cloud doctor future museum lantern orchard compass`);
const verbs =
  words(`keeps shows makes finds brings holds follows moves carries builds opens reaches changes gives explains
  answers covers crosses mentions protects supports joins measures improves lifts turns watches recalls draws needs
  serves meets`);
const links = words(
  'near under over with without behind beside toward from into across around before after above below',
);
const stop = [word('.')];

/** The order of word classes in a sentence; answers repeat it. */
const sentence = [
  openers,
  adjectives,
  nouns,
  verbs,
  determiners,
  nouns,
  links,
  determiners,
  adjectives,
  nouns,
  stop,
] as const;

/** The token that ends an answer by itself. */
export const endOfSequence: Word = word('</s>', true);

/** The word at place `index` (from 0) of an answer, chosen by `draw`, a whole number from 0. */
export function wordAt(index: number, draw: number): Word {
  const choices = sentence[index % sentence.length] as readonly Word[];
  return choices[draw % choices.length] as Word;
}

/** Log-probabilities as a half-precision model gives them, from certain to unlikely. */
const logProbabilities = Array.from({ length: 64 }, (_, step) => (step === 0 ? '0.0' : String(-(step * step) / 512)));

/** The log-probability of a token, as JSON, chosen by `draw`. */
export function logProbability(draw: number): string {
  return logProbabilities[draw % logProbabilities.length] as string;
}
