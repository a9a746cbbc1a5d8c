/** The process of an embedded service. */
import { serveParent } from './parent.ts';
import { rehearse } from './rehearsal.ts';
import { type ServiceOptions, startService } from './service.ts';

serveParent(async (options: ServiceOptions) => {
  await rehearse(options);
  const { url, adminToken } = await startService(options);
  return { url, adminToken };
});
