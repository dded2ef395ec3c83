export {
  type Chooser,
  type Exploration,
  exploreAll,
  type Outcome,
  type Request,
  SimulatedCondition,
  SimulatedMutex,
  SimulatedRwLock,
  Simulation,
  type Steps,
  seededChooser,
} from './simulator.js';
