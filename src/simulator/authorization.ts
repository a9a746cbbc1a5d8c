import { createHash, timingSafeEqual } from 'node:crypto';
import { Refused } from './refusal.ts';

/** Whether two secrets are the same, in a time that does not tell how much of them is. */
function sameSecret(left: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}

/** Throws Refused unless the header carries the token: what is missing or wrong. */
export function checkBearer(header: string | undefined, token: string): void {
  if (header === undefined) throw new Refused({ kind: 'unauthorized', reason: 'missing' });
  if (!header.startsWith('Bearer ')) throw new Refused({ kind: 'unauthorized', reason: 'format' });
  if (!sameSecret(header.slice('Bearer '.length), token)) throw new Refused({ kind: 'unauthorized', reason: 'token' });
}

const failuresToBan = 5;
const banMs = 300_000;

/**
 * The deployed auth service. All clients come to it through the proxy, so it takes them for one: failures without a
 * success between them add up over everybody, and then everybody is banned, whoever has the right token too.
 */
export class AuthService {
  readonly #token: string;
  #failures = 0;
  #bannedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(token: string) {
    this.#token = token;
  }

  /** Throws Refused: unauthorized or banned. A missing header is not counted as a failure. */
  check(header: string | undefined, nowMs: number): void {
    if (nowMs < this.#bannedUntilMs) throw new Refused({ kind: 'banned' });
    try {
      checkBearer(header, this.#token);
      this.#failures = 0;
    } catch (error) {
      if (header !== undefined) this.#fail(nowMs);
      throw error;
    }
  }

  #fail(nowMs: number): void {
    if (++this.#failures < failuresToBan) return;
    this.#failures = 0;
    this.#bannedUntilMs = nowMs + banMs;
  }
}
