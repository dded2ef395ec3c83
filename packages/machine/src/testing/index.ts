export {
  type InterruptSink,
  MachineStopped,
  resetSimulatedCpu,
  SimulatedCpu,
  simulatedCpu,
} from '../simulated-cpu.js';
export { SimulatedMemory, SimulatedMemoryError, simulatedMemory } from '../simulated-memory.js';
export { denyUserPage } from '../simulated-user.js';
