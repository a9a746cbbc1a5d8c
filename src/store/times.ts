/** The most bytes that one time and the comma before it take. */
export const mostTimeBytes = 32;

/** Up to which time the digits are written here: a dozen days in microseconds, more than any run lasts. */
const longestMs = 2 ** 30;

const [zero, point, comma] = [0x30, 0x2e, 0x2c];

/**
 * Writes times in ms, to whole microseconds and parted by commas, into `bytes` from `at` on, as JSON has them. Gives
 * where they end. There must be room for `mostTimeBytes` each.
 */
export function writeTimes(timesMs: readonly number[], bytes: Buffer, at: number): number {
  let to = at;
  for (let k = 0; k < timesMs.length; k++) {
    if (k > 0) bytes[to++] = comma;
    const timeMs = timesMs[k] as number;
    to =
      timeMs >= 0 && timeMs < longestMs ? writeTime(timeMs, bytes, to) : to + bytes.write(JSON.stringify(timeMs), to);
  }
  return to;
}

function writeTime(timeMs: number, bytes: Buffer, at: number): number {
  let whole = Math.floor(timeMs);
  let thousandths = Math.round((timeMs - whole) * 1000);
  if (thousandths === 1000) {
    whole++;
    thousandths = 0;
  }
  const to = writeWhole(whole, bytes, at);
  return thousandths === 0 ? to : writeFraction(thousandths, bytes, to);
}

function writeWhole(value: number, bytes: Buffer, at: number): number {
  let digits = 1;
  for (let power = 10; power <= value; power *= 10) digits++;
  for (let place = at + digits - 1, rest = value | 0; place >= at; place--) {
    const next = (rest / 10) | 0;
    bytes[place] = zero + rest - next * 10;
    rest = next;
  }
  return at + digits;
}

/** The digits of thousandths behind a point, without zeros at their end. */
function writeFraction(thousandths: number, bytes: Buffer, at: number): number {
  const tenths = (thousandths / 100) | 0;
  const hundredths = ((thousandths / 10) | 0) - tenths * 10;
  const last = thousandths - tenths * 100 - hundredths * 10;
  bytes[at] = point;
  bytes[at + 1] = zero + tenths;
  if (hundredths === 0 && last === 0) return at + 2;
  bytes[at + 2] = zero + hundredths;
  if (last === 0) return at + 3;
  bytes[at + 3] = zero + last;
  return at + 4;
}
