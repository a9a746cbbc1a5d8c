import { expect, it } from 'vitest';
import { listInstances, readInstances } from '../../src/telemetry/mig.ts';

const list = [
  'GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-00000000-aaaa)',
  '  MIG 3g.40gb     Device  0: (UUID: MIG-11111111-bbbb)',
  '  MIG 4g.40gb     Device  1: (UUID: MIG-22222222-cccc)',
  'GPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-00000001-aaaa)',
].join('\n');

it('knows the MIG instances of each GPU', () => {
  expect([...readInstances(list)]).toEqual([
    ['GPU-00000000-aaaa', ['MIG-11111111-bbbb', 'MIG-22222222-cccc']],
    ['GPU-00000001-aaaa', []],
  ]);
  expect(readInstances('  MIG 3g (UUID: MIG-1)\nNo devices were found').size).toBe(0);
});

it('asks the tool for them', async () => {
  const command = ['sh', '-c', `[ "$1" = -L ] && echo "${list}"`, 'sh'];
  expect((await listInstances(command, {})).get('GPU-00000000-aaaa')).toHaveLength(2);
  expect((await listInstances(['/nowhere/nvidia-smi'], {})).size).toBe(0);
});
