/** A value of a line of them: a height, or a sign in place of one that says nothing of the trend. */
export type SparkPoint = number | string;

const heights = [...'▁▂▃▄▅▆▇█'];

/** Values as one line of text, each as high as it lies between the least and the most; the latest `most`, `…` before them where there are more. */
export function sparkline(points: readonly SparkPoint[], most: number): string {
  const shown = points.length > most ? points.slice(1 - most) : points;
  const values = shown.filter(point => typeof point === 'number');
  const [least, range] = [Math.min(...values), Math.max(...values) - Math.min(...values)];
  const signs = shown.map(point => {
    if (typeof point === 'string') return point;
    const height = range === 0 ? 0.5 : (point - least) / range;
    return heights[Math.min(heights.length - 1, Math.floor(height * heights.length))];
  });
  return (points.length > most ? '…' : '') + signs.join('');
}
