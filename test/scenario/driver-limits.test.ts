import { describe, expect, it } from 'vitest';
import { HarnessError } from '../../src/errors.ts';
import { driverLimits } from '../../src/scenario/driver-limits.ts';
import { expand } from '../../src/scenario/expand.ts';
import { parseScenario } from '../../src/scenario/resolve.ts';

interface Asked {
  readonly step: string;
  readonly stream?: boolean;
  readonly service?: string;
  readonly rest?: string;
  readonly floor?: boolean;
}

const parsed = ({ step, stream = false, service = '{ url: embedded }', rest = '', floor = false }: Asked) =>
  parseScenario({
    file: 'test.yaml',
    text: `
name: test
service: ${service}
targets: [{ model: m, gpus: [0], workloads: [chat] }]
workloads:
  chat: { kind: text, prompt: { tokens: 8 }, output: { maxNewTokens: 8 }, stream: ${stream} }
  unused: { kind: text, prompt: { tokens: 8 }, output: { maxNewTokens: 8 } }
load: { floor: ${floor}, steps: [${step}] }
${rest}`,
    overrides: [],
    environment: { T: 'secret' },
  });

const problems = (asked: Asked): string => {
  try {
    parsed(asked);
    return '';
  } catch (error) {
    if (error instanceof HarnessError) return error.message;
    throw error;
  }
};

const secure = '{ url: "https://h:1", token: "${T}" }';

describe('the driver of a step', () => {
  it('goes with its cells, and is by the scheme of the endpoint where it says nothing', () => {
    const step = '{ concurrency: [1, 2], requests: 5, driver: autocannon }, { concurrency: 1, requests: 5 }';
    const { scenario } = parsed({ step });
    expect(scenario.load.steps.map(({ driver }) => driver)).toEqual(['autocannon', 'autocannon', 'auto']);
    expect(expand(scenario).map(({ driver }) => driver)).toEqual(['autocannon', 'autocannon', 'socket']);
    const overTls = parsed({ step: '{ concurrency: 1, requests: 5 }', service: secure }).scenario;
    expect(expand(overTls).map(({ driver }) => driver)).toEqual(['undici']);
  });

  it('is refused over TLS where it is the socket', () => {
    const step = '{ concurrency: 5, requests: 5, driver: socket }';
    expect(problems({ step, stream: true, rest: 'retry: { attempts: 2 }' })).toBe('');
    expect(problems({ step, service: secure })).toMatch(
      /expected plain http instead of https:\/\/h:1 with driver: socket[\s\S]*undici speaks TLS/,
    );
  });

  it('holds everything where it is undici', () => {
    const step = '{ ratePerS: 5, duration: 5s, driver: undici }, { concurrency: 5, thinkTime: 1s, duration: 5s }';
    expect(problems({ step, stream: true, service: secure, rest: 'retry: { attempts: 2 }' })).toBe('');
    expect(driverLimits.undici).toMatchObject({ loads: ['closed', 'open'], answers: ['streaming', 'unary'] });
  });

  it('may have a bound in time beside its requests', () => {
    expect(problems({ step: '{ concurrency: 5, requests: 5, atMost: 10s, driver: autocannon }' })).toBe('');
  });

  it.each<[string, Asked, RegExp]>([
    ['an open loop', { step: '{ ratePerS: 5, requests: 5, driver: autocannon }' }, /a closed loop .*no open loop/],
    [
      'a time',
      { step: '{ concurrency: 5, duration: 5s, driver: autocannon }' },
      /expected requests .*number of requests/,
    ],
    [
      'a ramp, which goes over a time',
      { step: '{ concurrency: { from: 1, to: 5 }, duration: 5s, driver: autocannon }' },
      /expected requests/,
    ],
    [
      'a pause',
      { step: '{ concurrency: 5, thinkTime: 1s, requests: 5, driver: autocannon }' },
      /no thinkTime .*within/,
    ],
    [
      'a stream',
      { step: '{ concurrency: 5, requests: 5, driver: autocannon }', stream: true },
      /stream: false in chat /,
    ],
    [
      'a certificate to check',
      { step: '{ concurrency: 5, requests: 5, driver: autocannon }', service: secure },
      /plain http instead of https:\/\/h:1 .*never checks a certificate/,
    ],
    [
      'retries',
      { step: '{ concurrency: 5, requests: 5, driver: autocannon }', rest: 'retry: { attempts: 1 }' },
      /no retry .*never sends a request again/,
    ],
    ['a floor over TLS', { step: '{ concurrency: 5, requests: 5 }', service: secure, floor: true }, /for the floor/],
  ])('is refused with autocannon for %s, with the reason', (_, asked, message) => {
    const found = problems(asked);
    expect(found).toMatch(message);
    expect(found.split('\n')).toHaveLength(1);
  });
});
