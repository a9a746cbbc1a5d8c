import { expect, test } from 'vitest';
import { saysSimulated, simulatedGpu } from '../../src/record/simulated-service.ts';

test.each([
  [{ docker_label: 'simulated' }, true],
  [{ docker_label: 'sha-1234' }, false],
  [{}, false],
  [null, false],
  ['simulated', false],
])('a service whose info is %j says so: %j', (info, says) => {
  expect(saysSimulated(info)).toBe(says);
});

test.each([
  ['embedded', true, 'L4'],
  ['http://127.0.0.1:8000', true, 'GPU'],
  ['http://127.0.0.1:8000', false, undefined],
])('the GPU of %s, simulated: %j, is %j', (url, simulated, gpu) => {
  const scenario = { service: { embedded: { gpu: 'L4' } } } as Parameters<typeof simulatedGpu>[0]['scenario'];
  expect(simulatedGpu({ environment: { service: { url, simulated, info: null } }, scenario })).toBe(gpu);
});
