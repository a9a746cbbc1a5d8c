import { unaryDriver } from '../../src/driver/unary.ts';
import { driverLimits } from '../../src/scenario/driver-limits.ts';
import { describeHttpDriver } from './driver-contract.ts';

describeHttpDriver('autocannon', unaryDriver, driverLimits.autocannon, false);
