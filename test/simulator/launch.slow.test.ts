import { execa } from 'execa';
import { describe, expect, it, onTestFinished } from 'vitest';
import { documentedModel } from '../../src/simulator/catalogue.ts';
import { launchService } from '../../src/simulator/launch.ts';
import type { ServiceOptions } from '../../src/simulator/service.ts';
import { token } from './running-service.ts';

const options: ServiceOptions = {
  port: 0,
  host: '127.0.0.1',
  token,
  fidelity: 'documented',
  gpu: 'A100-80G',
  speed: 20,
  seed: 1,
  models: [documentedModel('any-model', [0])],
  faults: [],
};

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function launched() {
  const service = await launchService(options);
  onTestFinished(() => service.stop());
  return service;
}

const ask = (url: string) =>
  fetch(`${url}/any-model/gpu0/generate`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ inputs: 'Hello', parameters: { max_new_tokens: 3 } }),
  });

describe('a service in its own process', () => {
  it('serves, tells what it has done, and ends when it is stopped', async () => {
    const service = await launched();
    expect((await ask(service.url)).status).toBe(200);
    expect(await service.statistics()).toMatchObject({ requestsByStatus: { 200: 1 }, models: [{ maxInService: 1 }] });
    expect(isAlive(service.pid)).toBe(true);
    await service.stop();
    expect(isAlive(service.pid)).toBe(false);
    await expect(ask(service.url)).rejects.toThrow();
  });

  it('goes on through Ctrl-C, so that its parent can drain first', async () => {
    const service = await launched();
    process.kill(service.pid, 'SIGINT');
    expect((await ask(service.url)).status).toBe(200);
  });

  it('does not outlive a parent that is killed', async () => {
    const launch = new URL('../../dist/simulator/launch.js', import.meta.url);
    const script = `
      const { launchService } = await import(${JSON.stringify(launch.href)});
      const { pid } = await launchService(${JSON.stringify(options)});
      console.log(pid);`;
    const parent = execa(process.execPath, ['--input-type=module', '--eval', script], { reject: false });
    let pid = 0;
    for await (const line of parent) {
      pid = Number(line);
      expect(isAlive(pid)).toBe(true);
      parent.kill('SIGKILL');
    }
    while (isAlive(pid)) await new Promise(resolve => setTimeout(resolve, 10));
  });

  it('that cannot start says why', async () => {
    await expect(launchService({ ...options, gpu: 'Abacus' })).rejects.toMatchObject({
      message: 'the embedded service did not start: no GPU preset is called Abacus',
      hint: expect.stringContaining('A100-80G'),
    });
  });
});
