/** The driver over the engine, in virtual time: a whole run without a socket. */
import { type Clock, microseconds } from '../clock.ts';
import { createEngine, type Engine, type EngineLimits } from '../engine/engine.ts';
import type { GenerationRequest } from '../protocol/protocol.ts';
import type { Attempt, Send } from './driver.ts';

export interface SimulatedOptions {
  readonly clock: Clock;
  readonly gpu: string;
  readonly model: string;
  readonly limits: EngineLimits;
  readonly requestTimeoutMs: number;
  readonly seed?: number;
}

interface InFlight {
  readonly sentMs: number;
  readonly tokenTimesMs: number[];
  readonly end: (attempt: Pick<Attempt, 'endMs' | 'outcome' | 'outputTokens' | 'finishReason'>) => void;
}

/** Sends requests to one simulated endpoint; `engine` is there for a test that wants to stall it. */
export function simulatedSend({ clock, requestTimeoutMs, ...options }: SimulatedOptions): {
  send: Send;
  engine: Engine;
} {
  const inFlight = new Map<number, InFlight>();
  let wake = () => {};
  let nextId = 0;
  const engine = createEngine({
    ...options,
    onToken(id, index, atMs, last) {
      const request = inFlight.get(id);
      request?.tokenTimesMs.push(microseconds(atMs));
      if (last) request?.end({ endMs: atMs, outcome: { kind: 'ok' }, outputTokens: index, finishReason: 'length' });
    },
  });
  /** Sets the one timer to the engine's next event. */
  const arm = () => {
    wake();
    const nextMs = engine.nextMs();
    if (nextMs === undefined) return;
    wake = clock.at(nextMs, () => {
      engine.advance(clock.nowMs());
      arm();
    });
  };
  const send: Send = (request, signal) =>
    new Promise(resolve => {
      const id = nextId++;
      const sentMs = clock.nowMs();
      const inputTokens = tokensOf(request);
      const cancel = (kind: 'timeout' | 'abandoned') => {
        engine.cancel(id, clock.nowMs());
        inFlight.get(id)?.end({ endMs: clock.nowMs(), outcome: { kind } });
        arm();
      };
      const abandon = () => cancel('abandoned');
      const callOff = clock.at(sentMs + requestTimeoutMs, () => cancel('timeout'));
      const tokenTimesMs: number[] = [];
      const end: InFlight['end'] = ending => {
        inFlight.delete(id);
        callOff();
        signal.removeEventListener('abort', abandon);
        resolve({ sentMs, tokenTimesMs, inputTokens, requestId: String(id), requestBytes: 0, ...ending });
      };
      inFlight.set(id, { sentMs, tokenTimesMs, end });
      signal.addEventListener('abort', abandon, { once: true });
      const { maxNewTokens } = request;
      const answer = engine.submit(
        { id, inputTokens, images: request.images.length, maxNewTokens, outputTokens: maxNewTokens },
        sentMs,
      );
      if (answer === 'overloaded') end({ endMs: sentMs, outcome: { kind: 'overloaded', by: 'model server' } });
      arm();
    });
  return { send, engine };
}

/** The tokens of a prompt of common words, one each. */
function tokensOf(request: GenerationRequest): number {
  return request.prompt.split(' ').length;
}
