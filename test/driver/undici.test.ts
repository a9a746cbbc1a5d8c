import { driverLimits } from '../../src/scenario/driver-limits.ts';
import { describeHttpDriver } from './driver-contract.ts';
import { overUndici } from './http-drivers.ts';

describeHttpDriver('streaming over undici', overUndici, driverLimits.undici, true);
