export { type ConsoleEvents, GuestConsole, type SerialPort } from './guest-console.js';
