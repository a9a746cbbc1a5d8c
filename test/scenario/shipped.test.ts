import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseDemand } from '../../src/analysis/capacity/demand-file.ts';
import { heaviestCells } from '../../src/scenario/probe-cell.ts';
import { parseScenario } from '../../src/scenario/resolve.ts';
import { exampleTrace } from './example-trace.ts';

const scenarios = new URL('../../scenarios/', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, scenarios), 'utf8');

describe('the shipped scenarios', () => {
  it.each(readdirSync(scenarios).filter(file => file.endsWith('.yaml') && !file.endsWith('.example.yaml')))(
    '%s is valid as it is',
    file => {
      const { scenario } = parseScenario({
        file,
        text: read(file),
        overrides: [],
        environment: { VALID_TOKEN: 't' },
        readTrace: name => ({ text: read(name), sha256: '' }),
      });
      expect(heaviestCells(scenario).length).toBeGreaterThan(0);
      expect(scenario.name).toBe(file.replace('.yaml', ''));
    },
  );

  it('are joined by the one of docs/capacity.md', () => {
    const text = /```yaml\n([\s\S]*?)```/.exec(readFileSync('docs/capacity.md', 'utf8'))?.[1] ?? '';
    const { scenario } = parseScenario({ file: 'capacity.md', text, overrides: [], environment: {} });
    expect(heaviestCells(scenario)).toHaveLength(6);
  });

  it('come with a demand that is valid, for a model and a workload that they measure', () => {
    const file = 'forecast.example.yaml';
    const { demand } = parseDemand({ file, text: read(file) });
    expect(demand.map(({ model, workload }) => [model, workload])).toEqual([['hermes-2-pro-tgi', 'chat']]);
  });

  it('replay a trace of their own making', () => {
    expect(read('traces/example.jsonl')).toBe(exampleTrace());
  });
});
