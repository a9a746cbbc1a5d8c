import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/clock.ts';
import { arrivals, putAside, putAsideWhole, type Taker, takeIn, turnIsOver } from '../../src/http/turn.ts';

interface Taken {
  readonly name: string;
  readonly text: string;
  readonly atMs: number;
}

const taken: Taken[] = [];
const taker = (name: string): Taker => ({
  take: (bytes, from, to, atMs) => taken.push({ name, text: bytes.toString('latin1', from, to), atMs }),
});

/** A clock that stands still. */
const at = (atMs: number) => ({ nowMs: () => atMs }) as Clock;

/** As a socket reads. */
function read(by: Taker, text: string, atMs: number): void {
  putAside(by, arrivals.write(text, 'latin1'), at(atMs));
}

/** It is looked at twice whether more has come. */
const silence = async () => {
  for (let look = 0; look < 3; look++) await new Promise(resolve => setImmediate(resolve));
};

describe('what comes in a turn', () => {
  it('is taken in when nothing is left to read, in its order, with the times at which it came', async () => {
    taken.length = 0;
    const [a, b] = [taker('a'), taker('b')];
    const pieces: Taken[] = Array.from({ length: 300 }, (_, k) => ({
      name: k % 3 === 0 ? 'a' : 'b',
      text: 'x'.repeat(k) + k,
      atMs: k + 0.5,
    }));
    for (const { name, text, atMs } of pieces) read(name === 'a' ? a : b, text, atMs);
    expect(taken).toEqual([]);
    await silence();
    expect(taken).toEqual(pieces);
  });

  it('is taken in at once where it is much, after what came before it', () => {
    taken.length = 0;
    const [a, b] = [taker('a'), taker('b')];
    read(a, 'first', 1);
    read(b, 'y'.repeat(60_000), 2);
    expect(taken.map(({ name, text, atMs }) => [name, text.length, atMs])).toEqual([
      ['a', 5, 1],
      ['b', 60_000, 2],
    ]);
  });

  it('is lost nowhere when there is more than there is room for', async () => {
    taken.length = 0;
    const a = taker('a');
    const texts = Array.from({ length: 10_000 }, (_, k) => String(k).repeat(1 + (k % 200)));
    texts.forEach((text, k) => {
      read(a, text, k);
    });
    await silence();
    expect(taken.map(({ text }) => text)).toEqual(texts);
    expect(taken.map(({ atMs }) => atMs)).toEqual(texts.map((_, k) => k));
  });

  it('keeps its order where some of it was read elsewhere', async () => {
    taken.length = 0;
    const [a, b] = [taker('a'), taker('b')];
    const theirs = Buffer.from('of another');
    const end = Buffer.alloc(0);
    read(a, 'one', 1);
    putAsideWhole(b, theirs, at(2));
    putAsideWhole(b, Buffer.alloc(10_000, 'z'), at(3));
    read(a, 'two', 4);
    const ends: Buffer[] = [];
    putAsideWhole({ take: bytes => ends.push(bytes) }, end, at(5));
    await silence();
    expect(taken.map(({ name, text, atMs }) => [name, text.length, atMs])).toEqual([
      ['a', 3, 1],
      ['b', theirs.length, 2],
      ['b', 10_000, 3],
      ['a', 3, 4],
    ]);
    expect(ends[0]).toBe(end);
  });

  it('waits for what comes with it, but not for long, also after it was taken in early', async () => {
    read(taker('before'), 'taken in before it is looked for', 1);
    takeIn(); // the look for it is still to come
    taken.length = 0;
    const a = taker('a');
    read(a, 'one', 10);
    let early: number | undefined;
    const more = new Promise<number>(resolve => {
      setImmediate(() => {
        early = taken.length;
        read(a, 'two', 10.1);
        setImmediate(() => {
          read(a, 'three', 10.4);
          setImmediate(() => resolve(taken.length));
        });
      });
    });
    expect(await more).toBe(3);
    expect(early).toBe(0);
    expect(taken.map(({ text }) => text)).toEqual(['one', 'two', 'three']);
  });

  it('is taken in once, also where one that takes it asks for the rest, or throws', async () => {
    taken.length = 0;
    const b = taker('b');
    const impatient: Taker = {
      take() {
        takeIn();
        throw new Error('of a taker');
      },
    };
    read(impatient, 'first', 1);
    read(b, 'second', 2);
    expect(() => takeIn()).toThrow('of a taker');
    read(b, 'third', 3);
    await silence();
    expect(taken.map(({ text }) => text)).toEqual(['second', 'third']);
  });

  it('came when the first of it did, be it read later; what comes after something was sent, or taken in, came later', async () => {
    taken.length = 0;
    let nowMs = 0;
    const clock = { nowMs: () => nowMs++ } as Clock;
    const a = taker('a');
    const reads = (text: string) => putAside(a, arrivals.write(text, 'latin1'), clock);
    reads('one');
    reads('of the same turn');
    const another = new Promise<void>(resolve => {
      setImmediate(() => {
        reads('of the next turn');
        reads('of the next turn, too');
        turnIsOver();
        reads('after something was sent');
        takeIn();
        reads('after something was taken in');
        resolve();
      });
    });
    await another;
    await silence();
    const times = new Map(taken.map(({ text, atMs }) => [text, atMs]));
    const timeOf = (text: string) => times.get(text) as number;
    expect(times.size).toBe(6);
    expect(timeOf('one')).toBe(0);
    expect(timeOf('of the same turn')).toBe(0);
    expect(timeOf('of the next turn')).toBeGreaterThan(0);
    expect(timeOf('of the next turn, too')).toBe(timeOf('of the next turn'));
    expect(timeOf('after something was sent')).toBeGreaterThan(timeOf('of the next turn'));
    expect(timeOf('after something was taken in')).toBeGreaterThan(timeOf('after something was sent'));
  });
});
