export { PowerCutDevice } from './power-cut-device.js';
