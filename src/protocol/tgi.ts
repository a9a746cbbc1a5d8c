import type { EncodedImage } from '../workload/image.ts';
import { beginsWith, endsWith, Pattern } from './bytes.ts';
import { failureInside } from './failure.ts';
import { answerSaying, isMapping, parseJson, protocolError } from './json.ts';
import type { Answer, GenerationRequest, Protocol, ProtocolError, StreamEvent } from './protocol.ts';

/** How a picture stands in `inputs`: as the API document has it, or as TGI itself parses it. */
export type ImageSyntax = 'tag' | 'markdown';

/** TGI's own JSON, through `POST …/generate`, unary or streaming. */
export function tgi(imageSyntax: ImageSyntax): Protocol {
  return { name: 'tgi', encode: request => encode(request, imageSyntax), isPlainToken, decodeEvent, decodeAnswer };
}

/** Only what is set is sent, for TGI refuses some nulls; the token counts of an answer need its details. */
function encode(request: GenerationRequest, imageSyntax: ImageSyntax): string {
  const images = request.images.map(image => (imageSyntax === 'tag' ? tag(image) : markdown(image)));
  return JSON.stringify({
    inputs: images.length === 0 ? request.prompt : `${images.join('')}\n${request.prompt}`,
    parameters: { details: true, return_full_text: false, ...request.parameters, max_new_tokens: request.maxNewTokens },
    stream: request.stream,
  });
}

const tag = (image: EncodedImage) => `<image>${image.base64}</image>`;
const markdown = (image: EncodedImage) => `![](data:${image.mediaType};base64,${image.base64})`;

/** How a token event stands on the wire before its number, between that and its token, and after it. */
interface Wording {
  readonly start: Pattern;
  readonly middle: Pattern;
  readonly end: Pattern;
}

const wording = (start: string, middle: string, end: string): Wording => ({
  start: new Pattern(start),
  middle: new Pattern(middle),
  end: new Pattern(end),
});
const written = wording('{"index":', ',"token":{', ',"generated_text":null,"details":null}');
const documented = wording('{"index": ', ', "token": {', ', "generated_text": null, "details": null}');

const space = 0x20;
const closingBrace = 0x7d;
const closingBracket = 0x5d;

/** As TGI writes it or as the API document prints it. Inside a string every quote stands behind a backslash, so what the event ends with cannot be a token's text. */
function isPlainToken(bytes: Buffer, from: number, to: number): boolean {
  const { start, middle, end } = bytes[from + written.start.length] === space ? documented : written;
  if (!beginsWith(start, bytes, from, to) || !endsWith(end, bytes, from, to)) return false;
  const last = bytes[to - end.length - 1];
  if (last !== closingBrace && last !== closingBracket) return false; // of the token, or of the others near it
  let at = from + start.length;
  while (isDigit(bytes[at] as number)) at++;
  return at > from + start.length && beginsWith(middle, bytes, at, to - end.length);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function decodeEvent(data: string): StreamEvent {
  if (data === '[DONE]') return { kind: 'other' };
  const event = parseJson(data);
  if (!isMapping(event)) return protocolError(`an event that is not a JSON object: ${data}`);
  if (event['error'] !== undefined && event['error'] !== null) {
    return { kind: 'error', outcome: failureInside(event, 200) };
  }
  const isToken = isMapping(event['token']);
  // Success is an event whose generated_text is a string, be it empty; details are optional even then.
  if (typeof event['generated_text'] !== 'string') return { kind: isToken ? 'token' : 'other' };
  const answer = answerOf(event['details']);
  return isToken ? { kind: 'token', final: answer } : { kind: 'final', answer };
}

/** One object, or, behind a gateway that strips the whole path, an array of one. */
function decodeAnswer(body: string): Answer | ProtocolError {
  const parsed = parseJson(body);
  const answer: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
  if (!isMapping(answer)) return protocolError(`an answer that is not a JSON object: ${body}`);
  if (answer['error'] !== undefined && answer['error'] !== null) {
    return { kind: 'error', outcome: failureInside(answer, 200) };
  }
  if (typeof answer['generated_text'] !== 'string') return protocolError(`an answer without generated_text: ${body}`);
  return answerOf(answer['details']);
}

function answerOf(details: unknown): Answer {
  if (!isMapping(details)) return { kind: 'answer' };
  return answerSaying(details['finish_reason'], details['input_length'], details['generated_tokens']);
}
