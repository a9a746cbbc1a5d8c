import { createEngine } from '../../src/engine/engine.ts';
import type { Arrival, SimulationOptions } from '../../src/engine/simulate.ts';

/** Users who each send their next request once the last is answered and they have thought about it. */
export interface ClosedLoop {
  readonly users: number;
  /** The how-manieth request, from 0; undefined when there are no more. */
  readonly request: (index: number) => Pick<Arrival, 'inputTokens' | 'outputTokens'> | undefined;
  readonly thinkMs?: () => number;
}

export interface Answered {
  readonly arrival: Arrival;
  readonly startMs: number;
  readonly firstTokenMs: number;
  readonly endMs: number;
}

/** Runs a closed loop in virtual time and gives every request that was answered, in the order in which they ended. */
export function runClosedLoop(loop: ClosedLoop, options: SimulationOptions): Answered[] {
  const due = Array.from({ length: loop.users }, () => 0);
  const inFlight = new Map<number, Answered>();
  const answered: Answered[] = [];
  let sent = 0;
  const engine = createEngine({
    ...options,
    jitter: 'none',
    reports: 'first and last',
    onStart: (id, startMs) => update(id, { startMs }),
    onToken(id, index, atMs, last) {
      const times = index === 1 ? { firstTokenMs: atMs, endMs: atMs } : { endMs: atMs };
      const request = update(id, times);
      if (!last) return;
      answered.push(request);
      inFlight.delete(id);
      due.push(atMs + (loop.thinkMs?.() ?? 0));
      due.sort((a, b) => a - b);
    },
  });
  function update(id: number, times: Partial<Answered>): Answered {
    const request = { ...(inFlight.get(id) as Answered), ...times };
    inFlight.set(id, request);
    return request;
  }
  function send(atMs: number): void {
    const lengths = loop.request(sent);
    if (lengths === undefined) return;
    const arrival = { id: sent++, atMs, images: 0, maxNewTokens: lengths.outputTokens, ...lengths };
    inFlight.set(arrival.id, { arrival, startMs: atMs, firstTokenMs: atMs, endMs: atMs });
    engine.submit(arrival, atMs);
  }
  let nowMs = 0;
  while (Number.isFinite(nowMs)) {
    engine.advance(nowMs);
    // The batch is settled when the engine is asked for its next event, so who is due at this instant comes first.
    while (due[0] !== undefined && due[0] <= nowMs) send(due.shift() as number);
    nowMs = Math.min(due[0] ?? Number.POSITIVE_INFINITY, engine.nextMs() ?? Number.POSITIVE_INFINITY);
  }
  return answered;
}
