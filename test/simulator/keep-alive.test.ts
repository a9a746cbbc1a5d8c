import { afterEach, expect, it, vi } from 'vitest';
import { postBytes, runningService, text } from './running-service.ts';

afterEach(() => void vi.useRealTimers());

it('a deployed stream that has nothing to say for 15 s sends a comment, a documented one stays silent', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const path = `/${text}/gpu0/generate`;
  const ask = async (fidelity: 'documented' | 'deployed') => {
    const service = await runningService({ fidelity, faults: [{ kind: 'stall' }] });
    const connection = await service.socket();
    connection.socket.write(postBytes(path, { inputs: 'Hello', parameters: { max_new_tokens: 5 }, stream: true }));
    await connection.until('text/event-stream');
    vi.advanceTimersByTime(15_000);
    return connection;
  };
  const deployed = await ask('deployed');
  await deployed.until('\r\n3\r\n:\n\n\r\n');
  const documented = await ask('documented');
  expect(documented.received.endsWith('\r\n\r\n')).toBe(true);
});
