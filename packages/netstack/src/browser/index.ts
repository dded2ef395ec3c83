export { type BrowserDevice, BrowserHost } from './host.js';
export { WebSocketLink, type WebSocketLinkOptions } from './websocket-link.js';
