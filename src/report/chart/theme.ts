/** The colours of reports, by light and by night. The palette is Okabe and Ito's, told apart with any kind of colour vision, shaded for contrast. */
export interface Theme {
  readonly paper: string;
  readonly surface: string;
  readonly ink: string;
  readonly muted: string;
  readonly rule: string;
  readonly faint: string;
  readonly good: string;
  readonly doubt: string;
  readonly bad: string;
  readonly series: readonly string[];
}

export const light: Theme = {
  paper: '#f7f7f5',
  surface: '#ffffff',
  ink: '#16191d',
  muted: '#59616b',
  rule: '#d5d9de',
  faint: '#eceef1',
  good: '#1b6e45',
  doubt: '#8a5200',
  bad: '#b1271f',
  series: ['#0066a6', '#c44f00', '#00785a', '#8b4a9e', '#946200', '#2f87b8', '#b23a76', '#5d646d'],
};

export const dark: Theme = {
  paper: '#0e1113',
  surface: '#161a1d',
  ink: '#e8eaed',
  muted: '#a0a8b1',
  rule: '#343b42',
  faint: '#23292e',
  good: '#62c592',
  doubt: '#e3ac52',
  bad: '#f28b82',
  series: ['#63b3ed', '#f2894d', '#3fc49c', '#c79ae2', '#dfb64a', '#9ad0f0', '#ef8fbd', '#aab1b9'],
};

export const sansSerif = "Inter, 'Segoe UI', system-ui, -apple-system, 'Helvetica Neue', Arial, sans-serif";

/** The colour of a place in the palette; after the last it begins again. */
export function seriesColour({ series }: Theme, place: number): string {
  return series[place % series.length] as string;
}

/** What each colour of one theme is in another. */
export function translation(from: Theme, to: Theme): [string, string][] {
  const names = ['surface', 'ink', 'muted', 'rule', 'faint', 'good', 'doubt', 'bad'] as const;
  return [
    ...names.map((name): [string, string] => [from[name], to[name]]),
    ...from.series.map((colour, i): [string, string] => [colour, to.series[i] as string]),
  ];
}
