import type { IncomingMessage } from 'node:http';
import { Refused } from './refusal.ts';

/** The whole body of a request. Throws Refused where it is longer than `limitBytes`; rejects where the client goes away. */
export function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  if (request.destroyed) return Promise.reject(new ClientGone());
  if (Number(request.headers['content-length'] ?? 0) > limitBytes)
    return Promise.reject(new Refused({ kind: 'too_large' }));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const onData = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= limitBytes) chunks.push(chunk);
      else stop(() => reject(new Refused({ kind: 'too_large' })));
    };
    const onEnd = () => stop(() => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    const onClose = () => stop(() => reject(new ClientGone()));
    const stop = (settle: () => void) => {
      request.off('data', onData).off('end', onEnd).off('close', onClose);
      settle();
    };
    request.on('data', onData).once('end', onEnd).once('close', onClose);
  });
}

/** The client closed its connection before it had said all; there is nobody to answer. */
export class ClientGone extends Error {}

/** The value of a JSON text. Throws Refused: malformed. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new Refused({ kind: 'malformed', message: `the body is not JSON: ${(error as Error).message}` });
  }
}
