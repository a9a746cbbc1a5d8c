import type { EndpointStatistics } from './endpoint.ts';
import type { ModelStatistics } from './fleet.ts';

/** What a service has done since it began, and how well it kept its own time. */
export interface ServiceStatistics {
  readonly uptimeMs: number;
  readonly endpoints: readonly EndpointStatistics[];
  readonly models: readonly ModelStatistics[];
  /** Requests by the status they were answered with; `aborted` where the client left before that. */
  readonly requestsByStatus: Readonly<Record<string, number>>;
}
