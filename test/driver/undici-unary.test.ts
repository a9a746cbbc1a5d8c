import { driverLimits } from '../../src/scenario/driver-limits.ts';
import { describeHttpDriver } from './driver-contract.ts';
import { overUndici } from './http-drivers.ts';

describeHttpDriver('unary over undici', overUndici, driverLimits.undici, false);
