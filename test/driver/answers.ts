/** Whole HTTP answers as servers give them, good ones and bad ones, as the bytes on the wire. */

const details = { finish_reason: 'length', generated_tokens: 4, seed: null, input_length: 9 };
const texts = ['Grüße', ' 世界', ' "quoted" \\ ', '!'];

const tokenEvent = (text: string, index: number, isLast: boolean) => ({
  index: index + 1,
  token: { id: 300 + index, text, logprob: -0.5, special: false },
  generated_text: isLast ? texts.join('') : null,
  details: isLast ? details : null,
});
const events = texts.map((text, index) => JSON.stringify(tokenEvent(text, index, index === texts.length - 1)));
const stream = events.map(event => `data: ${event}\n\n`);
const documented = events.map(event => `data: ${event.replaceAll(/([:,])(?=["{\d-]|null|false)/g, '$1 ')}\n`);
const head = (lines: readonly string[], status = '200 OK') => `HTTP/1.1 ${status}\r\n${lines.join('\r\n')}\r\n\r\n`;
const chunk = (text: string, extension = '') => `${Buffer.byteLength(text).toString(16)}${extension}\r\n${text}\r\n`;
const sse = 'content-type: text/event-stream';
const json = 'content-type: application/json';
const counted = (text: string, type: string, status?: string) =>
  head([type, `content-length: ${Buffer.byteLength(text)}`], status) + text;
const chunked = (pieces: readonly string[], last = '0\r\n\r\n', extension = '') =>
  head([sse, 'transfer-encoding: chunked', 'x-compute-type: 1-a100', 'vary: a', 'vary: b']) +
  pieces.map(piece => chunk(piece, extension)).join('') +
  last;
const choice = (delta: object, finish: string | null) =>
  `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }] })}\n\n`;

/** By name. */
export const answers: Readonly<Record<string, string>> = {
  'a stream, an event a chunk': chunked(stream),
  'a stream as the document prints it': chunked(documented),
  'a stream in one chunk': chunked([stream.join('')]),
  'a stream in chunks that are no events': chunked(stream.join('').match(/[\s\S]{1,37}/g) ?? []),
  'a stream with keep-alives': chunked([':\n\n', ...stream.flatMap(event => [event, ': still here\n\n'])]),
  'a stream with CRLF': chunked(stream.map(event => event.replaceAll('\n', '\r\n'))),
  'a stream with extensions and trailers': chunked(stream, '0;last\r\nx-trailer: 1\r\n\r\n', ';name=value'),
  'a stream with a length': counted(stream.join(''), sse),
  'a stream until the end': head([sse, 'connection: close']) + stream.join(''),
  'a stream of HTTP/1.0': `HTTP/1.0 200 OK\r\n${sse}\r\n\r\n${stream.join('')}`,
  'a stream after a hint': `${head(['link: </x>; rel=preload'], '103 Early Hints')}${chunked(stream)}`,
  'a stream that fails midway': chunked([
    ...stream.slice(0, 2),
    'data: {"error":"Request failed during generation","error_type":"generation"}\n\n',
  ]),
  'a stream that is refused': chunked(['data: {"error":"Model is overloaded","error_type":"overloaded"}\n\n']),
  'a stream without its last event': chunked(stream.slice(0, 3)),
  'a chat stream': chunked([
    choice({ role: 'assistant', content: '' }, null),
    choice({ content: 'Hello' }, null),
    choice({ role: 'assistant', content: ' there' }, null),
    choice({}, 'stop'),
    'data: [DONE]\n\n',
  ]),
  'an answer': counted(JSON.stringify({ generated_text: 'Grüße', details }), json),
  'an answer in a list': counted(JSON.stringify([{ generated_text: 'a', details }]), json),
  'an answer in chunks':
    head([json, 'transfer-encoding: chunked']) + chunk('{"generated_') + chunk('text":"a"}') + chunk(''),
  'an empty answer': counted('', json),
  'an encoded answer': `${head([json, 'content-encoding: gzip', 'content-length: 4'])}abcd`,
  'a page': counted('<html></html>', 'content-type: text/html; charset=utf-8'),
  'a refusal of the gateway': counted(
    'Too Many Requests',
    'retry-after: 1\r\nx-retry-in: 90ms',
    '429 Too Many Requests',
  ),
  'a refusal of the model server': counted('{"error":"no","error_type":"overloaded"}', json, '429 Too Many Requests'),
  'a ban': counted('{"detail":"banned"}', json, '403 Forbidden'),
  'a rejection': counted('{"error":"too long","error_type":"validation"}', json, '422 Unprocessable Entity'),
  'a failure without words': counted('', json, '500 Internal Server Error'),
  'no content': head(['x: y'], '204 No Content'),
  'a redirect': head(['location: http://127.0.0.1:1/', 'content-length: 0'], '307 Temporary Redirect'),
  'both a length and chunks': head([sse, 'transfer-encoding: chunked', 'content-length: 5']) + chunk(stream[0] ?? ''),
  'two lengths': `${head([json, 'content-length: 2', 'content-length: 2'])}{}`,
  'no HTTP': 'SMTP ready\r\n\r\n',
  nothing: '',
};
