import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { Attempt } from '../../src/driver/driver.ts';
import { Exchange, endpointOf } from '../../src/driver/exchange.ts';
import { tgi } from '../../src/protocol/tgi.ts';

const protocol = tgi('tag');
const token = 'data:{"index":1,"token":{"id":1,"text":"a"},"generated_text":null,"details":null}\n\n';
const last = 'data:{"index":2,"token":{"id":1,"text":"b"},"generated_text":"ab","details":null}\n\n';

/** An exchange that is on its way, and what becomes of it. */
function begun(isPlainToken = protocol.isPlainToken) {
  const endpoint = endpointOf({
    protocol: { ...protocol, isPlainToken },
    clock: systemClock(),
    token: undefined,
    headers: {},
    requestTimeoutMs: 10_000,
  });
  const abort = new AbortController();
  const attempts: Attempt[] = [];
  const exchange = new Exchange(endpoint, { requestId: 'x', requestBytes: 1 }, abort.signal, a => attempts.push(a));
  exchange.begin({ hangUp: () => {} }, () => exchange.sent(false));
  exchange.arrived();
  exchange.head(200, { 'content-type': 'text/event-stream' });
  const say = (text: string) => exchange.data(Buffer.from(text), 0, text.length);
  return { exchange, attempts, abort, say };
}

const endOfTurn = () => new Promise(resolve => setImmediate(resolve));

describe('an answer that has come to its end', () => {
  it('is looked at once all that came in its turn is taken in', async () => {
    const { exchange, attempts, say } = begun();
    say(token + last);
    exchange.end();
    expect(attempts).toEqual([]);
    await endOfTurn();
    expect(attempts).toMatchObject([{ outcome: { kind: 'ok' }, outputTokens: undefined }]);
    expect(attempts[0]?.tokenTimesMs).toHaveLength(2);
  });

  it('is still an answer when it is called off in between', async () => {
    const { exchange, attempts, abort, say } = begun();
    say(token + last);
    exchange.end();
    abort.abort();
    expect(attempts).toMatchObject([{ outcome: { kind: 'ok' } }]);
    await endOfTurn();
    expect(attempts).toHaveLength(1);
  });

  it('is none where its first event only looked like a token', async () => {
    const { exchange, attempts, say } = begun(() => true);
    say(':\n\ndata: {"token":null}\n\n');
    exchange.end();
    await endOfTurn();
    expect(attempts).toMatchObject([{ outcome: { kind: 'protocol', status: 200 } }]);
    expect(attempts[0]?.outcome.detail).toContain('a first event that is no token: {"token":null}');
  });
});
