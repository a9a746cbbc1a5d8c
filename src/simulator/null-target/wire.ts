/** What the null target sends, rendered once: an answer costs it a copy and a write. */

const text = 'null';
const json = 'content-type: application/json\r\n';

/** The digits in which an event carries its time: whole microseconds. */
const stampDigits = 15;
const noStamp = '0'.repeat(stampDigits);

/** The head of a stream. */
export const streamHead = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n',
);

/** One token event in its chunk, without a time. */
export const tokenEvent = chunk(event('null', 'null'));

const stampAt = tokenEvent.indexOf(noStamp);

/** The last event of an answer of so many tokens, and the end of its stream. */
export function lastEvent(tokens: number): Buffer {
  return cached(lastEvents, tokens, () =>
    Buffer.concat([chunk(event(JSON.stringify(text), details(tokens))), Buffer.from('0\r\n\r\n')]),
  );
}

/** A unary answer of so many tokens. */
export function unaryAnswer(tokens: number): Buffer {
  return cached(unaryAnswers, tokens, () => reply(`{"generated_text":"${text}","details":${details(tokens)}}`));
}

/** An answer in JSON. */
export function reply(body: string, status = '200 OK'): Buffer {
  return Buffer.from(`HTTP/1.1 ${status}\r\n${json}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

/** A copy of an event with a time in ms, to the microsecond, as the text of its token. */
export function stamped(rendered: Buffer, atMs: number): Buffer {
  const copy = Buffer.allocUnsafe(rendered.length);
  rendered.copy(copy);
  // All events are as long up to their stamp but for the length of their chunk.
  const at = rendered === tokenEvent ? stampAt : rendered.indexOf(noStamp);
  copy.write(String(Math.round(atMs * 1000)).padStart(stampDigits, '0'), at, 'latin1');
  return copy;
}

function event(generatedText: string, detailsText: string): string {
  const token = `{"id":1,"text":" ${noStamp}","logprob":-0.5,"special":false}`;
  return `data:{"index":1,"token":${token},"generated_text":${generatedText},"details":${detailsText}}\n\n`;
}

function details(tokens: number): string {
  return `{"finish_reason":"length","generated_tokens":${tokens},"seed":null}`;
}

function chunk(data: string): Buffer {
  return Buffer.from(`${data.length.toString(16)}\r\n${data}\r\n`);
}

const lastEvents = new Map<number, Buffer>();
const unaryAnswers = new Map<number, Buffer>();
/** Of how many lengths answers are kept. */
const maxCached = 1_000;

function cached(cache: Map<number, Buffer>, tokens: number, make: () => Buffer): Buffer {
  const known = cache.get(tokens);
  if (known !== undefined) return known;
  if (cache.size >= maxCached) cache.clear();
  const made = make();
  cache.set(tokens, made);
  return made;
}
