import { driverLimits } from '../../src/scenario/driver-limits.ts';
import { describeHttpDriver } from './driver-contract.ts';
import { overSockets } from './http-drivers.ts';

describeHttpDriver('streaming over sockets', overSockets, driverLimits.socket, true);
