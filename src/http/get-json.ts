import { request } from 'undici';

/** The largest answer that is read. */
const maxBytes = 1 << 20;

/** What `GET url` answers as JSON; undefined where it does not answer so. Never follows a redirect. */
export async function getJson(url: string, token: string | undefined, timeoutMs: number): Promise<unknown> {
  try {
    const { statusCode, body } = await request(url, {
      headers: { accept: 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      signal: AbortSignal.timeout(timeoutMs),
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) return undefined;
      chunks.push(chunk);
    }
    return statusCode === 200 ? (JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown) : undefined;
  } catch {
    return undefined;
  }
}
