import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { type GpuLine, type GpuSample, isGap } from '../../src/record/gpu-sample.ts';
import { type GpuCommandOptions, watchGpuCommand } from '../../src/telemetry/gpu-command.ts';
import type { GpuDialogue } from '../../src/telemetry/gpu-tools.ts';

/** A tool of two columns, which is all that matters here. */
const dialogue: GpuDialogue = {
  arguments: ['index,power'],
  read(line) {
    const [, index, powerWatts] = /^(\d+), (\d+)$/.exec(line) ?? [];
    return index === undefined ? undefined : { device: { index: Number(index) }, powerWatts: Number(powerWatts) };
  },
  without: refusal => (refusal.includes('power is not') ? { ...dialogue, arguments: ['index'] } : undefined),
};

/** Watches a shell script until the test ends; its lines are in `lines`. */
function watched(script: string, options: Partial<GpuCommandOptions> = {}) {
  const lines: GpuLine[] = [];
  const watch = watchGpuCommand({
    command: ['sh', '-c', script],
    dialogue,
    source: 'nvidia-smi',
    simulated: false,
    clock: systemClock(),
    listen: line => void lines.push(line),
    settlesAfter: 2,
    patienceMs: 5_000,
    backoffMs: 20,
    ...options,
  });
  onTestFinished(() => watch.stop());
  const until = async (isSo: (lines: readonly GpuLine[]) => boolean) => {
    while (!isSo(lines)) await new Promise(resolve => setTimeout(resolve, 2));
  };
  return {
    lines,
    watch,
    until,
    gap: async () => {
      await until(all => all.some(isGap));
      return lines.find(isGap)?.gap ?? '';
    },
    samples: () => lines.filter((line): line is GpuSample => !isGap(line)),
  };
}

describe('a watched command', () => {
  it('gives a sample a row, with the time it came and where from', async () => {
    const { lines, watch, samples } = watched(
      'echo "0, 100"; echo "1, 200"; echo "0, 101"; echo "1, 201"; exec sleep 5',
      {
        host: 'h2',
      },
    );
    await watch.settled;
    expect(samples().map(({ device, powerWatts }) => [device, powerWatts])).toEqual([
      [{ host: 'h2', index: 0 }, 100],
      [{ host: 'h2', index: 1 }, 200],
      [{ host: 'h2', index: 0 }, 101],
      [{ host: 'h2', index: 1 }, 201],
    ]);
    expect(lines[0]).toMatchObject({ source: 'nvidia-smi', simulated: false });
    expect(lines[0]?.atMs).toBeGreaterThan(0);
  });

  it('is known as a look-alike by what its GPUs are called', async () => {
    const { lines, watch } = watched('echo row; echo row; exec sleep 5', {
      dialogue: { ...dialogue, read: () => ({ device: { index: 0, name: 'NVIDIA A100 (simulated)' } }) },
    });
    await watch.settled;
    expect(lines[0]?.simulated).toBe(true);
  });

  it('is missing: the gap says so, and it is not tried again', async () => {
    const { gap, watch, lines } = watched('', { command: ['/nowhere/nvidia-smi'] });
    expect(await gap()).toMatch(/^nvidia-smi exited with 127: .*not found/);
    await watch.settled;
    await new Promise(resolve => setTimeout(resolve, 60));
    expect(lines).toHaveLength(1);
  });

  it('is not executable', async () => {
    const { gap } = watched('', { command: ['/etc/passwd'] });
    expect(await gap()).toMatch(/^nvidia-smi exited with 126: .*[Pp]ermission denied/);
  });

  it.each([
    [9, "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."],
    [18, 'Failed to initialize NVML: Driver/library version mismatch'],
  ])('exits with %i, and what it said is told', async (code, words) => {
    const { gap } = watched(`echo "${words}"; exit ${code}`);
    expect(await gap()).toBe(`nvidia-smi exited with ${code}: ${words}`);
  });

  it('dies in the middle: a gap, and it is started again', async () => {
    const { lines, until } = watched('echo "0, 100"; echo oops >&2; exit 3');
    await until(all => all.filter(line => !isGap(line)).length >= 2);
    expect(lines.slice(0, 3)).toMatchObject([
      { powerWatts: 100 },
      { gap: 'nvidia-smi exited with 3: oops' },
      { powerWatts: 100 },
    ]);
  });

  it('prints garbage and goes on: rows among it are read', async () => {
    const { watch, samples } = watched(
      'echo "???"; printf "\\000\\377\\n"; echo "0, 7"; echo "a, b"; echo "0, 8"; exec sleep 5',
    );
    await watch.settled;
    expect(samples().map(({ powerWatts }) => powerWatts)).toEqual([7, 8]);
  });

  it('prints nothing but garbage: it is given up', async () => {
    const { gap } = watched('while :; do echo "what is this"; done');
    expect(await gap()).toMatch(/^nvidia-smi printed no rows: what is this/);
  });

  it('prints half a line and ends: half a number is no number', async () => {
    const { gap, samples } = watched('echo "0, 100"; printf "0, 10"; exit 0');
    expect(await gap()).toBe('nvidia-smi exited with 0');
    expect(samples().every(({ powerWatts }) => powerWatts === 100)).toBe(true);
  });

  it('prints a row in pieces', async () => {
    const { until, samples } = watched('printf "0, "; sleep 0.02; printf "10"; sleep 0.02; echo 5; exec sleep 5');
    await until(all => all.length > 0);
    expect(samples()[0]?.powerWatts).toBe(105);
  });

  it('hangs: the gap says for how long, and what hung is gone', async () => {
    const { gap } = watched('exec sleep 60', { patienceMs: 50 });
    expect(await gap()).toBe('nvidia-smi said nothing for 0.05 s');
  });

  it('floods: it is cut off at once and not tried again', async () => {
    const { gap, lines } = watched('yes "0, 100" | tr -d "\\n"');
    expect(await gap()).toMatch(/^nvidia-smi printed more than 1 MB in a second/);
    await new Promise(resolve => setTimeout(resolve, 60));
    expect(lines).toHaveLength(1);
  });

  it('asks for a password: there is no terminal to ask at, and it fails', async () => {
    const { gap } = watched('echo "user@h password: " >&2; read -r answer </dev/tty || exit 255; echo "0, 1"');
    expect(await gap()).toMatch(/^nvidia-smi exited with 255: user@h password:/);
  });

  it('is let in nowhere: it does not knock again', async () => {
    const { gap, lines } = watched('echo "user@h: Permission denied (publickey,password)." >&2; exit 255');
    expect(await gap()).toContain('Permission denied (publickey');
    await new Promise(resolve => setTimeout(resolve, 60));
    expect(lines).toHaveLength(1);
  });

  it('does not know a field: it is asked again without', async () => {
    const { watch, samples } = watched(
      '[ "$0" = index ] || { echo "power is not a field"; exit 2; }; echo "0, 1"; echo "0, 2"; exec sleep 5',
    );
    await watch.settled;
    expect(samples()).toHaveLength(2);
  });
});
