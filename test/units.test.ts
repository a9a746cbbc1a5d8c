import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatChange,
  formatDuration,
  formatNumber,
  formatRatio,
  missing,
  parseDurationMs,
  plural,
} from '../src/units.ts';

describe('parseDurationMs', () => {
  it.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1.5h', 5_400_000],
    ['0s', 0],
    [' 2 s ', 2_000],
  ])('reads %j', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
  });

  it.each(['', '30', 's', '-5s', '+5s', '5 sec', '5S', '1e3ms', '.5s', '5s5', '5s 3ms'])(
    'gives nothing for %j',
    text => {
      expect(parseDurationMs(text)).toBeUndefined();
    },
  );

  it('knows no unit but its own, whatever else an object may have', () => {
    for (const name of ['toString', 'valueOf', 'constructor', 'hasOwnProperty']) {
      expect(parseDurationMs(`5${name}`)).toBeUndefined();
    }
  });
});

describe('formatNumber', () => {
  it.each([
    [0, '0.00'],
    [0.123, '0.123'],
    [1.25, '1.25'],
    [12.34, '12.3'],
    [123.4, '123'],
    [1234, '1,234'],
    [1_234_567.8, '1,234,568'],
    [-12.34, '-12.3'],
  ])('prints %d with three digits and no exponent', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  it('keeps to three digits where rounding carries over', () => {
    expect(formatNumber(9.996)).toBe('10.0');
    expect(formatNumber(99.96)).toBe('100');
    expect(formatNumber(999.6)).toBe('1,000');
  });

  it('prints a dash for what is not a number: missing is never zero', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(formatNumber(value)).toBe(missing);
    }
  });
});

describe('formatDuration', () => {
  it.each([
    [0.85, '850 µs'],
    [12.34, '12.3 ms'],
    [850, '850 ms'],
    [1250, '1.25 s'],
    [30_000, '30.0 s'],
    [125_000, '2 min 5 s'],
    [119_600, '2 min 0 s'],
    [3_599_600, '1 h 0 min'],
    [5_400_000, '1 h 30 min'],
  ])('prints %d ms with the unit a reader wants', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it('prints a dash where there is none', () => {
    expect(formatDuration(Number.NaN)).toBe(missing);
  });
});

describe('formatRatio', () => {
  it.each([
    [0, '0 %'],
    [0.0025, '0.25 %'],
    [0.125, '12.5 %'],
    [1, '100 %'],
  ])('prints the share %d as a percentage', (ratio, text) => {
    expect(formatRatio(ratio)).toBe(text);
  });

  it('never rounds something down to nothing or up to everything before the second decimal', () => {
    expect(formatRatio(0.0001)).toBe('0.01 %');
    expect(formatRatio(0.999)).toBe('99.9 %');
  });

  it('prints a dash where there is none', () => {
    expect(formatRatio(Number.NaN)).toBe(missing);
  });
});

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [512, '512 B'],
    [25_300, '25.3 kB'],
    [1_200_000, '1.20 MB'],
    [80e9, '80.0 GB'],
  ])('prints %d bytes in decimal units', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe('plural', () => {
  it.each([
    [0, '0 requests'],
    [1, '1 request'],
    [3, '3 requests'],
    [1234, '1,234 requests'],
  ])('counts %d', (count, text) => {
    expect(plural(count, 'request')).toBe(text);
  });
});

describe('a change', () => {
  it.each([
    [0.2481, '+24.8 %'],
    [-0.031, '−3.10 %'],
    [1.4, '+140 %'],
    [9.8, '+980 %'],
    [0.999, '+99.9 %'],
    [0.00001, '+0.00 %'],
    [0, '0 %'],
    [Number.NaN, '–'],
  ])('of %f is %s', (ratio, text) => {
    expect(formatChange(ratio)).toBe(text);
  });
});
