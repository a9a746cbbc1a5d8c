/** The process of a null target: as that of an embedded service, its options come in and its address goes out as a line of JSON. */
import { serveParent } from '../parent.ts';
import { type NullTargetOptions, startNullTarget } from './target.ts';

serveParent(async (options: NullTargetOptions) => ({ url: (await startNullTarget(options)).url }));
