/** The complete table. */
import { addDescriptorCalls } from './descriptors.js';
import { addEventCalls } from './events.js';
import { addIdentityCalls } from './identity.js';
import { addMemoryCalls } from './memory.js';
import { addPathCalls } from './paths.js';
import { addPollCalls } from './poll.js';
import { addSignalCalls } from './signals.js';
import { SystemCallTable } from './table.js';
import { addTaskCalls } from './tasks.js';
import { addTimeCalls } from './time.js';
import { addTransferCalls } from './transfer.js';

export function buildTable(): SystemCallTable {
  const table = new SystemCallTable();
  addDescriptorCalls(table);
  addTransferCalls(table);
  addPathCalls(table);
  addMemoryCalls(table);
  addIdentityCalls(table);
  addTaskCalls(table);
  addSignalCalls(table);
  addTimeCalls(table);
  addPollCalls(table);
  addEventCalls(table);
  return table;
}
