// The operating-system simulation by Martin Richards: one scheduler, six tasks, two kinds of packet.

const IDLE = 0;
const WORKER = 1;
const HANDLER_A = 2;
const HANDLER_B = 3;
const DEVICE_A = 4;
const DEVICE_B = 5;
const TASKS = 6;
const DEVICE_PACKET = 0;
const WORK_PACKET = 1;
const PACKET_BYTES = 4;

class Packet {
  link: Packet | undefined;
  datum = 0;
  readonly data: number[] = [0, 0, 0, 0];

  constructor(
    link: Packet | undefined,
    public identity: number,
    readonly kind: number,
  ) {
    this.link = link;
  }

  appendTo(queue: Packet | undefined): Packet {
    this.link = undefined;
    if (queue === undefined) return this;
    let last = queue;
    while (last.link !== undefined) last = last.link;
    last.link = this;
    return queue;
  }
}

abstract class Task {
  waiting = false;
  holding = false;
  packetPending = false;
  input: Packet | undefined;

  constructor(
    readonly link: Task | undefined,
    readonly identity: number,
    readonly priority: number,
    input: Packet | undefined,
    protected readonly scheduler: Scheduler,
  ) {
    this.input = input;
    this.packetPending = input !== undefined;
  }

  abstract run(packet: Packet | undefined): Task | undefined;

  isHeldOrWaiting(): boolean {
    return this.holding || (!this.packetPending && this.waiting);
  }

  takeAndRun(): Task | undefined {
    let packet: Packet | undefined;
    if (this.packetPending && this.waiting) {
      packet = this.input;
      this.input = packet?.link;
      this.waiting = false;
      this.packetPending = this.input !== undefined;
    }
    return this.run(packet);
  }

  addInput(packet: Packet, old: Task): Task {
    if (this.input === undefined) {
      this.input = packet;
      this.packetPending = true;
      if (this.priority > old.priority) return this;
    } else packet.appendTo(this.input);
    return old;
  }
}

class IdleTask extends Task {
  private control = 1;
  private count = 10000;

  run(_packet: Packet | undefined): Task | undefined {
    this.count -= 1;
    if (this.count === 0) return this.scheduler.holdSelf();
    if ((this.control & 1) === 0) {
      this.control = this.control >> 1;
      return this.scheduler.release(DEVICE_A);
    }
    this.control = (this.control >> 1) ^ 0xd008;
    return this.scheduler.release(DEVICE_B);
  }
}

class DeviceTask extends Task {
  private pending: Packet | undefined;

  run(packet: Packet | undefined): Task | undefined {
    if (packet === undefined) {
      const ready = this.pending;
      if (ready === undefined) return this.scheduler.waitSelf();
      this.pending = undefined;
      return this.scheduler.queue(ready);
    }
    this.pending = packet;
    return this.scheduler.holdSelf();
  }
}

class WorkerTask extends Task {
  private destination = HANDLER_A;
  private count = 0;

  run(packet: Packet | undefined): Task | undefined {
    if (packet === undefined) return this.scheduler.waitSelf();
    this.destination = this.destination === HANDLER_A ? HANDLER_B : HANDLER_A;
    packet.identity = this.destination;
    packet.datum = 0;
    for (let i = 0; i < PACKET_BYTES; i++) {
      this.count += 1;
      if (this.count > 26) this.count = 1;
      packet.data[i] = 64 + this.count;
    }
    return this.scheduler.queue(packet);
  }
}

class HandlerTask extends Task {
  private workIn: Packet | undefined;
  private deviceIn: Packet | undefined;

  run(packet: Packet | undefined): Task | undefined {
    if (packet !== undefined) {
      if (packet.kind === WORK_PACKET) this.workIn = packet.appendTo(this.workIn);
      else this.deviceIn = packet.appendTo(this.deviceIn);
    }
    const work = this.workIn;
    if (work !== undefined) {
      const at = work.datum;
      if (at >= PACKET_BYTES) {
        this.workIn = work.link;
        return this.scheduler.queue(work);
      }
      const device = this.deviceIn;
      if (device !== undefined) {
        this.deviceIn = device.link;
        device.datum = work.data[at];
        work.datum = at + 1;
        return this.scheduler.queue(device);
      }
    }
    return this.scheduler.waitSelf();
  }
}

class Scheduler {
  queued = 0;
  held = 0;
  private list: Task | undefined = undefined;
  private current: Task | undefined = undefined;
  private currentIdentity = 0;
  private readonly table: (Task | undefined)[] = new Array<Task | undefined>(TASKS).fill(undefined);

  private add(task: Task): void {
    this.list = task;
    this.table[task.identity] = task;
  }

  private findTask(identity: number): Task {
    const task = this.table[identity];
    if (task === undefined) throw new Error('no such task');
    return task;
  }

  holdSelf(): Task | undefined {
    this.held += 1;
    const task = this.current!;
    task.holding = true;
    return task.link;
  }

  waitSelf(): Task | undefined {
    const task = this.current!;
    task.waiting = true;
    return task;
  }

  release(identity: number): Task | undefined {
    const task = this.findTask(identity);
    task.holding = false;
    return task.priority > this.current!.priority ? task : this.current;
  }

  queue(packet: Packet): Task | undefined {
    const task = this.findTask(packet.identity);
    this.queued += 1;
    packet.link = undefined;
    packet.identity = this.currentIdentity;
    return task.addInput(packet, this.current!);
  }

  private packets(count: number, identity: number, kind: number): Packet | undefined {
    let queue: Packet | undefined;
    for (let i = 0; i < count; i++) queue = new Packet(queue, identity, kind);
    return queue;
  }

  build(): void {
    this.add(new IdleTask(this.list, IDLE, 0, undefined, this));
    const worker = new WorkerTask(
      this.list,
      WORKER,
      1000,
      this.packets(2, WORKER, WORK_PACKET),
      this,
    );
    worker.waiting = true;
    this.add(worker);
    this.addWaiting(
      new HandlerTask(this.list, HANDLER_A, 2000, this.packets(3, DEVICE_A, DEVICE_PACKET), this),
    );
    this.addWaiting(
      new HandlerTask(this.list, HANDLER_B, 3000, this.packets(3, DEVICE_B, DEVICE_PACKET), this),
    );
    this.addWaiting(new DeviceTask(this.list, DEVICE_A, 4000, undefined, this));
    this.addWaiting(new DeviceTask(this.list, DEVICE_B, 5000, undefined, this));
  }

  private addWaiting(task: Task): void {
    task.waiting = true;
    this.add(task);
  }

  schedule(): void {
    this.current = this.list;
    while (this.current !== undefined) {
      const task: Task = this.current;
      if (task.isHeldOrWaiting()) this.current = task.link;
      else {
        this.currentIdentity = task.identity;
        this.current = task.takeAndRun();
      }
    }
  }
}

/** The published result is 23,246 packets queued and 9,297 tasks held. */
export function run(iterations: number): string {
  let result = '';
  for (let n = 0; n < iterations; n++) {
    const scheduler = new Scheduler();
    scheduler.build();
    scheduler.schedule();
    result = `${scheduler.queued} ${scheduler.held}`;
  }
  return result;
}
