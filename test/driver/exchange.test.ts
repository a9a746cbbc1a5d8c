import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { Attempt } from '../../src/driver/driver.ts';
import { Exchange, endpointOf } from '../../src/driver/exchange.ts';
import { tgi } from '../../src/protocol/tgi.ts';

const protocol = tgi('tag');
const token = 'data:{"index":1,"token":{"id":1,"text":"a"},"generated_text":null,"details":null}\n\n';
const last = 'data:{"index":2,"token":{"id":1,"text":"b"},"generated_text":"ab","details":null}\n\n';

/** A stream that is on its way, and what becomes of it. */
function begun(isPlainToken = protocol.isPlainToken, type = 'text/event-stream') {
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
  const say = (text: string, atMs: number) => {
    exchange.arrived(atMs);
    exchange.data(Buffer.from(text), 0, text.length);
  };
  exchange.arrived(1);
  exchange.head(200, { 'content-type': type });
  return { exchange, attempts, abort, say };
}

describe('an exchange', () => {
  it('has the times at which things came, to the microsecond, whenever it is told of them', () => {
    const { exchange, attempts, say } = begun();
    say(token, 2.0004);
    say(token, 2.9996);
    exchange.arrived(5);
    exchange.end();
    expect(attempts).toMatchObject([{ headersMs: 1, tokenTimesMs: [2, 3], endMs: 5, outcome: { kind: 'protocol' } }]);
  });

  it('is an answer when it is called off after its last event', () => {
    const { exchange, attempts, abort, say } = begun();
    say(token, 2);
    say(last, 3);
    abort.abort();
    exchange.end();
    expect(attempts).toMatchObject([{ tokenTimesMs: [2, 3], endMs: 3, outcome: { kind: 'ok' } }]);
  });

  it('reads its first event in full, however much it looks like a token', () => {
    const { exchange, attempts, say } = begun(() => true);
    say(':\n\ndata: {"token":null}\n\n', 2);
    exchange.end();
    expect(attempts).toMatchObject([{ outcome: { kind: 'protocol', status: 200 } }]);
    expect(attempts[0]?.tokenTimesMs).toEqual([]);
  });

  it('reads an answer that comes whole in UTF-8, wherever it is cut', () => {
    const answer = Buffer.from('{"generated_text":"größer ⚡ 日本","details":{"finish_reason":"beendet · 終"}}');
    for (let cut = 0; cut <= answer.length; cut++) {
      const { exchange, attempts } = begun(protocol.isPlainToken, 'application/json');
      exchange.data(answer, 0, cut);
      exchange.data(answer, cut, answer.length);
      exchange.end();
      expect(attempts).toMatchObject([{ outcome: { kind: 'ok', status: 200 }, finishReason: 'beendet · 終' }]);
    }
  });
});
