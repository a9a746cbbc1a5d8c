import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock, virtualClock } from '../../src/clock.ts';
import { dispatch } from '../../src/driver/dispatch.ts';
import { simulatedSend } from '../../src/driver/simulated.ts';
import { streamingSend } from '../../src/driver/streaming.ts';
import { unaryDriver } from '../../src/driver/unary.ts';
import { Connections } from '../../src/http/connections.ts';
import { tgi } from '../../src/protocol/tgi.ts';
import type { RequestRecord } from '../../src/record/request-record.ts';
import { driverLimits } from '../../src/scenario/driver-limits.ts';
import { type Bed, closed, drive } from './diary.ts';
import { describeDriver, describeHttpDriver, type HttpDriver } from './driver-contract.ts';
import { handMadeServer } from './hand-made-server.ts';

const overUndici: HttpDriver = ({ url, ...options }) => {
  const connections = new Connections(url.origin, { timeoutMs: 5_000 });
  onTestFinished(() => connections.close());
  return dispatch(streamingSend({ ...options, connections, path: url.pathname + url.search }), options.clock);
};

describeHttpDriver('streaming over undici', overUndici, driverLimits.undici, true);
describeHttpDriver('unary over undici', overUndici, driverLimits.undici, false);
describeHttpDriver('autocannon', unaryDriver, driverLimits.autocannon, false);
describeDriver('the engine in virtual time', {
  holds: driverLimits.undici,
  stream: true,
  bed: async ({ requestTimeoutMs }) => {
    const clock = virtualClock();
    const limits = { maxConcurrentRequests: 100, maxInputTokens: 4096, maxTotalTokens: 8192 };
    const { send } = simulatedSend({ clock, gpu: 'A100-80G', model: 'mistral-7b', limits, requestTimeoutMs, seed: 1 });
    return { driver: dispatch(send, clock), clock, run: work => clock.run(work) };
  },
});
