import { mkdtempSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LineFile, readLines } from '../../src/store/line-file.ts';

/** The descriptors of this process that are open on a disk that is full. */
const openOnFull = () =>
  readdirSync('/proc/self/fd').filter(fd => {
    try {
      return readlinkSync(join('/proc/self/fd', fd)) === '/dev/full';
    } catch {
      return false; // closed since it was listed
    }
  });

const scratchFile = () => join(mkdtempSync(join(tmpdir(), 'tgi-bench-lines-')), 'lines.jsonl');

/** What a file of this text is read as. */
async function read(text: string | Buffer): Promise<{ values: object[]; bad: [number, string][] }> {
  const path = scratchFile();
  writeFileSync(path, text);
  const bad: [number, string][] = [];
  const values: object[] = [];
  const onBadLine = (line: number, problem: string) => void bad.push([line, problem]);
  for await (const batch of readLines<object>(path, value => !('not' in value), onBadLine)) values.push(...batch);
  return { values, bad };
}

describe('a file of lines, read', () => {
  it('gives every value, wherever the chunks of the file end', async () => {
    const values = Array.from({ length: 3000 }, (_, i) => ({ i, text: 'é'.repeat((i * 7) % 1500) }));
    const text = values.map(value => `${JSON.stringify(value)}\n`).join('');
    expect(Buffer.byteLength(text)).toBeGreaterThan(2 << 20);
    expect(await read(text)).toEqual({ values, bad: [] });
  });

  it('takes a line longer than a chunk, a last line without its end, empty lines and those of Windows', async () => {
    const long = { text: 'x'.repeat(3 << 20) };
    const text = `{"a":1}\r\n\r\n\n${JSON.stringify(long)}\n{"b":2}`;
    expect(await read(text)).toEqual({ values: [{ a: 1 }, long, { b: 2 }], bad: [] });
  });

  it('says which line cannot be read, and reads the others', async () => {
    const { values, bad } = await read('{"a":1}\n{"cut\n17\n{"not":1}\n\u0000\n{"b":2}\n{"half');
    expect(values).toEqual([{ a: 1 }, { b: 2 }]);
    expect(bad.map(([line]) => line)).toEqual([2, 3, 4, 5, 7]);
  });

  it('passes over a line without an end, in bounded memory', async () => {
    const { values, bad } = await read(Buffer.concat([Buffer.from('{"a":1}\n'), Buffer.alloc(65 << 20, 'x')]));
    expect(values).toEqual([{ a: 1 }]);
    expect(bad).toEqual([[2, 'more than 64 MB']]);
  });

  it('is nothing where there is no file, and where it is empty', async () => {
    for await (const batch of readLines(
      join(tmpdir(), 'no', 'such', 'file'),
      () => true,
      line => expect.unreachable(String(line)),
    ))
      expect.unreachable(`read ${batch.length}`);
    expect(await read('')).toEqual({ values: [], bad: [] });
  });
});

describe('a file of lines, written', () => {
  it('holds everything in order after a flush, and much before one', async () => {
    const path = scratchFile();
    const file = await LineFile.open(path);
    const text = 'x'.repeat(1000);
    for (let i = 0; i < 1000; i++) file.add({ i, text });
    await expect.poll(() => readFileSync(path).length).toBeGreaterThan(500_000);
    await file.flush();
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines.map(line => (JSON.parse(line) as { i: number }).i)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    await file.close();
  });

  it('says at the next flush that it could not be written', async () => {
    const file = await LineFile.open('/dev/full');
    for (let i = 0; i < 2000; i++) file.add({ text: 'x'.repeat(1000) });
    await expect(file.flush()).rejects.toThrow(/ENOSPC/);
    await expect(file.close()).rejects.toThrow(/ENOSPC/);
  });

  it('is closed also where it could not be written', async () => {
    const before = openOnFull();
    const file = await LineFile.open('/dev/full');
    const own = openOnFull().filter(fd => !before.includes(fd));
    expect(own).toHaveLength(1);
    file.add({ text: 'x' });
    await expect(file.close()).rejects.toThrow(/ENOSPC/);
    expect(openOnFull().filter(fd => own.includes(fd))).toEqual([]);
  });
});
