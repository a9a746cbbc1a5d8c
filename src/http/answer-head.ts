/** The head of an HTTP/1.1 answer (RFC 9112): what its lines say, of those that it knows; pure. */

/** Header names in lower case; one that stands more than once has a list. */
export type AnswerHeaders = Record<string, string | string[]>;

/** What a name is made of. */
export const token = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
/** Its parts are the minor version and the status. */
const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [^\r\n]*)?$/;
/** What nearly all answers begin with. */
const good = 'HTTP/1.1 200 OK';

export interface StatusLine {
  readonly status: number;
  /** Whether the connection stays open where nothing else is said. */
  readonly staysOpen: boolean;
}

/** What the first line of a head says; undefined where it is none. */
export function statusIn(line: string): StatusLine | undefined {
  if (line === good) return { status: 200, staysOpen: true };
  const parts = statusLine.exec(line);
  return parts === null ? undefined : { status: Number(parts[2]), staysOpen: parts[1] === '1' };
}

/** Why it cannot be known where a body ends. */
export function problemOfFraming({
  'transfer-encoding': encoding,
  'content-length': length,
}: AnswerHeaders): string | undefined {
  if (encoding !== undefined && length !== undefined) return 'both a length and a transfer encoding';
  if (encoding !== undefined && (typeof encoding !== 'string' || encoding.toLowerCase() !== 'chunked'))
    return 'a transfer encoding other than chunked';
  if (length !== undefined && (typeof length !== 'string' || !/^\d{1,15}$/.test(length)))
    return 'a length that is no number';
  return undefined;
}

/** The headers in a text of lines, from `from` on; undefined where one of them is no header line: a name, which is a token, its colon, and a value without control characters. */
export function headersIn(text: string, from: number): AnswerHeaders | undefined {
  const headers: AnswerHeaders = Object.create(null) as AnswerHeaders;
  for (let at = from; at < text.length; ) {
    const next = text.indexOf(lineEnd, at);
    const end = next === -1 ? text.length : next;
    const colon = text.indexOf(':', at);
    if (colon <= at || colon > end || !isValue(text, colon + 1, end)) return undefined;
    const name = nameIn(text.slice(at, colon));
    if (name === undefined) return undefined;
    const value = text.slice(colon + 1, end).trim();
    const before = headers[name];
    headers[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
    at = end + lineEnd.length;
  }
  return headers;
}

const lineEnd = '\r\n';

/** Names that have come before, in lower case: a server says the same ones each time. */
const names = new Map<string, string>();
const mostNames = 256;

/** A name in lower case; undefined where it is none. */
function nameIn(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined) return known;
  if (!isName(text)) return undefined;
  const own = Buffer.from(text, 'latin1').toString('latin1'); // a part of a text holds on to all of it
  const name = own.toLowerCase();
  if (names.size < mostNames) names.set(own, name);
  return name;
}

/** By their code: whether a character may stand in a name, and in a value. */
const inNames = codes(new RegExp(`^${token}$`));
const inValues = codes(/^[\t\x20-\x7e\x80-\xff]$/);

function codes(allowed: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => (allowed.test(String.fromCharCode(code)) ? 1 : 0));
}

function isName(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (inNames[text.charCodeAt(at)] !== 1) return false;
  return true;
}

function isValue(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (inValues[text.charCodeAt(at)] !== 1) return false;
  return true;
}

/** Whether a connection is good for another request. */
export function staysOpen(connection: string | string[] | undefined, byDefault: boolean): boolean {
  if (connection === undefined) return byDefault;
  const options = [connection]
    .flat()
    .join(',')
    .toLowerCase()
    .split(',')
    .map(option => option.trim());
  return byDefault ? !options.includes('close') : options.includes('keep-alive');
}

/** How long a server keeps an idle connection, in ms, where it says so. */
export function keepAlive(header: string | string[] | undefined): number | undefined {
  const seconds = /(?:^|[,\s])timeout=(\d{1,6})(?:$|[,\s])/i.exec(typeof header === 'string' ? header : '')?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}
