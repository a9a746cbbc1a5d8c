import { describe, expect, it } from 'vitest';
import { documentedModel } from '../../src/simulator/catalogue.ts';
import { eventsOf, eventually, postBytes, runningService, text, token } from './running-service.ts';

const generate = `/${text}/gpu0/generate`;

describe('a client that misbehaves', () => {
  it('with ten thousand headers is answered and cut off', async () => {
    const service = await runningService();
    const connection = await service.socket();
    const headers = Array.from({ length: 10_000 }, (_, at) => `x-${at}: ${at}\r\n`).join('');
    connection.socket.write(`GET /info HTTP/1.1\r\nHost: test\r\n${headers}\r\n`);
    await connection.closed;
    expect(connection.received).toContain('431');
  });

  it('that does not speak HTTP is answered and cut off', async () => {
    const service = await runningService();
    const connection = await service.socket();
    connection.socket.write('hello?\r\n\r\n');
    await connection.closed;
    expect(connection.received).toContain('400 Bad Request');
  });

  it('that sends more than it may gets its answer without being waited for', async () => {
    const service = await runningService();
    const connection = await service.socket();
    const head = `POST ${generate} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer ${token}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const chunk = `${(65_536).toString(16)}\r\n${'x'.repeat(65_536)}\r\n`;
    connection.socket.write(head + chunk.repeat(64));
    await connection.until('too large');
    expect(connection.received).toContain('HTTP/1.1 400');
  });

  it('that never reads is dropped once too much waits for it', async () => {
    const model = { ...documentedModel(text, [0]), maxTotalTokens: 400_000 };
    const service = await runningService({ models: [model], speed: 500 });
    const { socket } = await service.socket();
    socket.pause();
    socket.write(postBytes(generate, { inputs: 'Hello', parameters: { max_new_tokens: 390_000 }, stream: true }));
    await eventually(() => service.statistics().endpoints[0]?.engine.accepted === 1);
    await eventually(() => service.statistics().models[0]?.inService === 0);
    expect(service.statistics().endpoints[0]?.engine.cancelled).toBe(1);
  }, 20_000);

  it('with HTTP/1.0 gets its events without chunks, and the end of the connection', async () => {
    const service = await runningService();
    const connection = await service.socket();
    const body = { inputs: 'Hello', parameters: { max_new_tokens: 3 }, stream: true };
    connection.socket.write(postBytes(generate, body).replace('HTTP/1.1', 'HTTP/1.0'));
    await connection.closed;
    expect(connection.received.split('\r\n\r\n')[1]?.startsWith('data: {')).toBe(true);
    expect(eventsOf(connection.received)).toHaveLength(3);
  });

  it('asking with a prompt in any script is answered, and gets it back', async () => {
    const service = await runningService();
    const inputs = 'Grüße, 日本語, 👋 and \u0000';
    const parameters = { max_new_tokens: 2, return_full_text: true };
    const events = eventsOf(await (await service.post(generate, { inputs, parameters, stream: true })).text());
    expect(events.at(-1)?.generated_text?.startsWith(inputs)).toBe(true);
  });
});

describe('starting', () => {
  it('on a port that is taken fails with what to do', async () => {
    const service = await runningService();
    await expect(runningService({ port: service.port })).rejects.toMatchObject({
      message: expect.stringContaining('cannot listen'),
      hint: expect.stringContaining('port'),
    });
  });

  it('with a GPU that does not exist fails with those that do', async () => {
    await expect(runningService({ gpu: 'Abacus' })).rejects.toMatchObject({
      hint: expect.stringContaining('A100-80G'),
    });
  });
});
