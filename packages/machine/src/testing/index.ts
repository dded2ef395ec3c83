export { SimulatedMemory, SimulatedMemoryError, simulatedMemory } from '../simulated-memory.js';
