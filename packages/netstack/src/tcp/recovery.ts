// Loss recovery's states: open -> recovery (losses found by RACK or duplicate ACKs) -> open, and loss after a timeout.

import type { Connection } from './connection.js';
import { isBefore } from './sequence.js';

/** Starts fast recovery when something is marked lost and none runs. */
export function enterRecoveryIfLost(connection: Connection, now: number): void {
  if (connection.recovery !== 'open' || connection.board.lostBytes === 0) return;
  const congestion = connection.congestion;
  connection.undoWindow = congestion.windowBytes;
  connection.undoThreshold = congestion.thresholdBytes;
  connection.undoPossible = true;
  connection.firstRetransmitStamp = 0;
  const flight = connection.board.outstandingBytes;
  congestion.congestion(flight, connection.segmentBytes, now);
  connection.reduction.start(flight);
  connection.recovery = 'recovery';
  connection.recoveryPoint = connection.nxt;
  connection.forceRetransmit = true;
  connection.tailProbeOut = false;
  connection.environment.counters.fastRecoveries += 1;
  if (connection.ecn) connection.windowReducedPending = true;
}

/** After an ACK: leaves the state when everything that was in flight at its start is acknowledged. */
export function leaveRecoveryIfDone(connection: Connection): void {
  if (connection.recovery === 'open' || isBefore(connection.una, connection.recoveryPoint)) return;
  if (connection.recovery === 'recovery') {
    connection.congestion.windowBytes = Math.max(
      connection.congestion.thresholdBytes,
      connection.segmentBytes,
    );
    connection.rack.recoveryEnded();
  }
  connection.recovery = 'open';
  connection.duplicateAcks = 0;
  connection.renoSackedBytes = 0;
  connection.undoPossible = false;
  connection.forceRetransmit = false;
}

/**
 * Eifel detection (RFC 3522): an ACK for the retransmitted range that echoes a timestamp from before the retransmission
 * answers the original, which was not lost. Restores the window.
 */
export function undoIfSpurious(connection: Connection, echo: number): boolean {
  if (
    !connection.undoPossible ||
    !connection.timestamps ||
    connection.firstRetransmitStamp === 0 ||
    echo === 0
  )
    return false;
  if (isBefore(connection.una, connection.firstRetransmitEnd)) return false;
  if (!isBefore(echo, connection.firstRetransmitStamp & ~1)) {
    connection.undoPossible = false;
    return false;
  }
  connection.congestion.undo(connection.undoWindow, connection.undoThreshold);
  connection.board.unmarkLost();
  connection.recovery = 'open';
  connection.duplicateAcks = 0;
  connection.renoSackedBytes = 0;
  connection.undoPossible = false;
  connection.forceRetransmit = false;
  return true;
}
