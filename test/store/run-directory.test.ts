import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { schemaVersion } from '../../src/record/run.ts';
import { readRun } from '../../src/store/run-directory.ts';

const directoryWith = (text: string): string => {
  const directory = mkdtempSync(join(tmpdir(), 'tgi-bench-'));
  writeFileSync(join(directory, 'run.json'), text);
  return directory;
};
const whole = { schemaVersion, scenario: {}, environment: {}, cells: [], findings: [] };

describe('run.json', () => {
  it('is read where it is a run', async () => {
    expect(await readRun(directoryWith(JSON.stringify(whole)))).toEqual(whole);
  });

  it.each([
    ['nothing', '', /run\.json: expected JSON/],
    ['half a file', '{"schemaVersion":1,"cel', /run\.json: expected JSON/],
    ['another version', '{"schemaVersion":99}', /expected schemaVersion 1, got 99/],
    ['a list', '[]', /expected schemaVersion 1, got nothing/],
    ['null', 'null', /expected schemaVersion 1, got nothing/],
    ['a version and no more', JSON.stringify({ schemaVersion }), /one without scenario, environment, cells/],
    ['cells that are none', JSON.stringify({ ...whole, cells: {} }), /one without cells/],
    ['no scenario', JSON.stringify({ ...whole, scenario: null }), /one without scenario/],
  ])('is refused, and named, where it is %s', async (_, text, message) => {
    await expect(readRun(directoryWith(text))).rejects.toThrow(message);
  });
});
