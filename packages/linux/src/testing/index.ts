export { DeadlockError, FakeMachine, FakeProcessor, FakeRegisters } from './fake-machine.js';
export { FakePager, FakePagers, FakeSpace } from './fake-memory.js';
