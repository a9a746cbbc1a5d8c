import type { Reply } from '../analysis/conformance.ts';
import { messageOf } from '../errors.ts';
import { undici } from './undici.ts';

/** One question to a service, outside of any load. */
export interface Question {
  readonly url: string;
  readonly token?: string | undefined;
  /** Sent besides. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Certificates to trust besides the usual ones, PEM. */
  readonly ca?: string | undefined;
  /** Sent as JSON by POST; without one it is a GET. */
  readonly body?: unknown;
  readonly timeoutMs: number;
}

/** The longest body that is read. */
const maxBytes = 1 << 20;

/** Asks once, follows nothing, and always answers: with status 0 and the reason where nothing came back. */
export async function ask({ url, token, headers: extra = {}, ca, body, timeoutMs }: Question): Promise<Reply> {
  const dispatcher = ca === undefined ? undefined : new (undici().Agent)({ connect: { ca } });
  try {
    const reply = await undici().request(url, {
      method: body === undefined ? 'GET' : 'POST',
      ...(dispatcher === undefined ? {} : { dispatcher }),
      headers: {
        ...extra,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const headers = Object.fromEntries(Object.entries(reply.headers).map(([name, value]) => [name, String(value)]));
    return { status: reply.statusCode, headers, body: await textOf(reply.body as AsyncIterable<Buffer>, token, extra) };
  } catch (error) {
    return { status: 0, headers: {}, body: messageOf(error) };
  } finally {
    await dispatcher?.destroy();
  }
}

/** A body as text, without the token and the values of headers should the server send them back. */
async function textOf(
  body: AsyncIterable<Buffer>,
  token: string | undefined,
  headers: Readonly<Record<string, string>>,
): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxBytes) break;
  }
  const text = Buffer.concat(chunks).toString('utf8');
  const bare = token === undefined ? text : text.replaceAll(token, '[token]');
  const values = Object.values(headers).filter(value => value !== '');
  return values.reduce((shown, value) => shown.replaceAll(value, '[header]'), bare);
}
