/** The head of an HTTP/1.1 answer (RFC 9112): what its lines say, of those that it knows; pure. */

/** Header names in lower case; one that stands more than once has a list. */
export type AnswerHeaders = Record<string, string | string[]>;

/** What a name is made of. */
export const token = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
/** A name, which is a token, its colon, and a value without control characters. */
const headerLine = new RegExp(`^${token}:[\\t\\x20-\\x7e\\x80-\\xff]*$`);
/** Its parts are the minor version and the status. */
export const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [^\r\n]*)?$/;

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

/** The headers of some lines; undefined where one of them is no header line. */
export function headersIn(lines: readonly string[]): AnswerHeaders | undefined {
  const headers: AnswerHeaders = Object.create(null) as AnswerHeaders;
  for (const line of lines) {
    if (!headerLine.test(line)) return undefined;
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers[name];
    headers[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
  }
  return headers;
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
