// The states of RFC 9293 3.3.2 and which of them may do what.

export enum TcpState {
  Closed = 0,
  SynSent = 1,
  SynReceived = 2,
  Established = 3,
  FinWait1 = 4,
  FinWait2 = 5,
  CloseWait = 6,
  Closing = 7,
  LastAck = 8,
  TimeWait = 9,
}

/** Data and a FIN may still be queued by the user. */
export function maySend(state: TcpState): boolean {
  return state === TcpState.Established || state === TcpState.CloseWait || isOpening(state);
}

/** The peer may still send data. */
export function mayReceive(state: TcpState): boolean {
  return (
    state === TcpState.Established || state === TcpState.FinWait1 || state === TcpState.FinWait2
  );
}

export function isOpening(state: TcpState): boolean {
  return state === TcpState.SynSent || state === TcpState.SynReceived;
}

/** Both directions have a synchronised sequence space. */
export function isSynchronised(state: TcpState): boolean {
  return state >= TcpState.Established;
}

/** After our FIN is queued. */
export function afterLocalClose(state: TcpState): TcpState {
  if (state === TcpState.Established || state === TcpState.SynReceived) return TcpState.FinWait1;
  return state === TcpState.CloseWait ? TcpState.LastAck : state;
}

/** After the peer's FIN is consumed. */
export function afterRemoteFin(state: TcpState, ourFinIsAcknowledged: boolean): TcpState {
  if (state === TcpState.Established) return TcpState.CloseWait;
  if (state === TcpState.FinWait1)
    return ourFinIsAcknowledged ? TcpState.TimeWait : TcpState.Closing;
  return state === TcpState.FinWait2 ? TcpState.TimeWait : state;
}

/** After our FIN is acknowledged. */
export function afterFinAcknowledged(state: TcpState): TcpState {
  if (state === TcpState.FinWait1) return TcpState.FinWait2;
  if (state === TcpState.Closing) return TcpState.TimeWait;
  return state === TcpState.LastAck ? TcpState.Closed : state;
}

export function stateName(state: TcpState): string {
  switch (state) {
    case TcpState.Closed:
      return 'closed';
    case TcpState.SynSent:
      return 'syn-sent';
    case TcpState.SynReceived:
      return 'syn-received';
    case TcpState.Established:
      return 'established';
    case TcpState.FinWait1:
      return 'fin-wait-1';
    case TcpState.FinWait2:
      return 'fin-wait-2';
    case TcpState.CloseWait:
      return 'close-wait';
    case TcpState.Closing:
      return 'closing';
    case TcpState.LastAck:
      return 'last-ack';
    case TcpState.TimeWait:
      return 'time-wait';
  }
}
