import { messageOf } from '../errors.ts';
import { undici } from './undici.ts';

/** What came of asking for a page. Nothing of its text is in the problem, which may be shown. */
export type Page =
  | {
      readonly kind: 'page';
      readonly status: number;
      readonly type: string;
      readonly retryAfterMs?: number;
      readonly text: string;
    }
  | { readonly kind: 'problem'; readonly problem: string };

export interface PageReader {
  read(url: string, headers: Readonly<Record<string, string>>): Promise<Page>;
  close(): Promise<void>;
}

/** Reads pages over connections of its own, so that no request of the load waits for one. It follows nothing. */
export function pageReader(options: {
  readonly ca?: string | undefined;
  readonly timeoutMs: number;
  readonly mostBytes: number;
}): PageReader {
  const { ca, timeoutMs, mostBytes } = options;
  const dispatcher = new (undici().Agent)({ connect: { timeout: timeoutMs, ...(ca === undefined ? {} : { ca }) } });
  return {
    async read(url, headers) {
      const signal = AbortSignal.timeout(timeoutMs);
      try {
        const reply = await undici().request(url, {
          dispatcher,
          headers: { ...headers, 'accept-encoding': 'identity' },
          signal,
        });
        const text = await textOf(reply.body as AsyncIterable<Buffer>, mostBytes);
        if (text === undefined) return { kind: 'problem', problem: `sent more than ${mostBytes / 1e6} MB` };
        const wait = Number(reply.headers['retry-after']);
        return {
          kind: 'page',
          status: reply.statusCode,
          type: String(reply.headers['content-type'] ?? ''),
          ...(wait > 0 && wait < 3_600 ? { retryAfterMs: wait * 1000 } : {}),
          text,
        };
      } catch (error) {
        const problem = signal.aborted ? `did not answer within ${timeoutMs / 1000} s` : messageOf(error);
        return { kind: 'problem', problem };
      }
    },
    close: () => dispatcher.destroy(),
  };
}

/** A body as text; undefined where it is too long, and the rest of it is not taken in. */
async function textOf(body: AsyncIterable<Buffer>, mostBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > mostBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
