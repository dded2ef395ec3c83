export { MachinePorts, MachineRegisters, portConfigAccess } from './machine-access.unsafe.js';
