import { messageOf } from '../errors.ts';
import { type AssetFile, type Complain, textOf } from '../scenario/assets.ts';

/** One prompt of a file, and where it stands in it. */
export interface FilePrompt {
  readonly text: string;
  readonly where: string;
}

/** How many bad lines of one file are told. */
const problemsTold = 5;
const example = '{"prompt": "…"} or {"messages": [{"role": "user", "content": "…"}]}';

/** The prompts of a file by the ending of its name: one a line, an object a line, or a ShareGPT list of conversations. */
export function readPrompts(file: AssetFile, complain: Complain): FilePrompt[] {
  const ending = file.name.split('.').at(-1)?.toLowerCase();
  const problems: string[] = [];
  const prompts: FilePrompt[] = [];
  const take = (where: string, read: () => string) => {
    try {
      const text = read();
      if (text.trim() === '') throw new Error('expected a prompt, got an empty text');
      prompts.push({ text, where });
    } catch (error) {
      problems.push(`${where}: ${messageOf(error)}`);
    }
  };
  try {
    const text = textOf(file);
    switch (ending) {
      case 'txt':
        for (const { line, where } of linesOf(file.name, text)) take(where, () => line);
        break;
      case 'jsonl':
        for (const { line, where } of linesOf(file.name, text)) take(where, () => promptOfLine(line));
        break;
      case 'json':
        for (const [index, entry] of conversationsOf(text).entries())
          take(`${file.name}[${index}]`, () => firstQuestion(entry));
        break;
      default:
        throw new Error('expected a name that ends in .txt, .jsonl or .json');
    }
    if (prompts.length === 0 && problems.length === 0)
      problems.push(`${file.name}:1: expected prompts, got an empty file`);
  } catch (error) {
    problems.push(`${file.name}: ${messageOf(error)}`);
  }
  for (const problem of problems.slice(0, problemsTold)) complain(problem);
  if (problems.length > problemsTold) complain(`${file.name}: and ${problems.length - problemsTold} more of the kind`);
  return prompts;
}

function* linesOf(name: string, text: string): Generator<{ line: string; where: string }> {
  for (const [index, line] of text.split(/\r?\n/).entries())
    if (line.trim() !== '') yield { line, where: `${name}:${index + 1}` };
}

/** A prompt as it stands, or the messages of a conversation one after the other, as there is no template to put them in. */
function promptOfLine(line: string): string {
  const value = parsed(line);
  if (!isMapping(value)) throw new Error(`expected ${example}, got ${excerpt(line)}`);
  const { prompt, messages } = value;
  if (typeof prompt === 'string') return prompt;
  if (!Array.isArray(messages)) throw new Error(`expected ${example}, got ${excerpt(line)}`);
  return messages.map(textOfMessage).join('\n\n');
}

/** The text of a message; of content in parts, the parts that are text. */
function textOfMessage(message: unknown): string {
  const content = isMapping(message) ? message['content'] : undefined;
  if (typeof content === 'string') return content;
  const parts = Array.isArray(content) ? content.filter(isMapping).map(part => part['text']) : [];
  const texts = parts.filter(text => typeof text === 'string');
  if (texts.length === 0)
    throw new Error(`expected messages with text as content, got ${excerpt(JSON.stringify(message))}`);
  return texts.join('\n');
}

function conversationsOf(text: string): unknown[] {
  const value = parsed(text);
  if (Array.isArray(value)) return value;
  throw new Error('expected a ShareGPT list of conversations, got something else: one object a line is a .jsonl');
}

/** What a person asks first in a ShareGPT conversation. */
function firstQuestion(entry: unknown): string {
  const turns = isMapping(entry) ? entry['conversations'] : undefined;
  const first = Array.isArray(turns) ? turns.filter(isMapping).find(isAsked) : undefined;
  if (first !== undefined) return first['value'] as string;
  throw new Error(
    `expected {"conversations": [{"from": "human", "value": "…"}]}, got ${excerpt(JSON.stringify(entry))}`,
  );
}

function isAsked({ from, value }: Readonly<Record<string, unknown>>): boolean {
  return (from === 'human' || from === 'user') && typeof value === 'string';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`expected JSON, got: ${messageOf(cause)}`, { cause });
  }
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function excerpt(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
