import { onTestFinished } from 'vitest';
import { dispatch } from '../../src/driver/dispatch.ts';
import { socketSend } from '../../src/driver/socket.ts';
import { undiciSend } from '../../src/driver/undici.ts';
import { Connections } from '../../src/http/connections.ts';
import { Sockets } from '../../src/http/sockets.ts';
import { driverLimits } from '../../src/scenario/driver-limits.ts';
import type { HttpDriver } from './driver-contract.ts';

/** The driver over undici, for one test. */
export const overUndici: HttpDriver = ({ url, ...options }) => {
  const connections = new Connections(url.origin, { timeoutMs: 5_000 });
  onTestFinished(() => connections.close());
  return dispatch(undiciSend({ ...options, connections, path: url.pathname + url.search }), options.clock);
};

/** The driver over bare sockets, for one test. */
export const overSockets: HttpDriver = options => {
  const sockets = new Sockets(options.url.origin, { timeoutMs: 5_000, clock: options.clock });
  onTestFinished(() => sockets.close());
  return dispatch(socketSend({ ...options, sockets }), options.clock, driverLimits.socket);
};
