/** What tells a kind of machine, with its Node and this program's version, from others. */
export interface Machine {
  readonly harness: string;
  readonly node: string;
  readonly host: {
    readonly platform: string;
    readonly cpu: string;
    readonly cores: number;
    readonly memoryBytes: number;
  };
}
