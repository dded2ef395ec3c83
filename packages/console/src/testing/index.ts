export { LoopLine, type LoopPort, messageArbitrary, RecordingSink } from './fakes.js';
