import { type Sample, Transfer } from './simulation.js';

const byId = <T extends HTMLElement>(id: string): T => {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`#${id} is missing`);
  return element as T;
};
const loss = byId<HTMLInputElement>('loss');
const delay = byId<HTMLInputElement>('delay');
const algorithm = byId<HTMLSelectElement>('algorithm');
const canvas = byId<HTMLCanvasElement>('plot');
const status = byId('status');
const context = canvas.getContext('2d');

let transfer: Transfer;
let samples: Sample[] = [];

function restart(): void {
  transfer = new Transfer(algorithm.value === 'reno' ? 'reno' : 'cubic');
  samples = [];
  apply();
}

function apply(): void {
  transfer.faults.lossPercent = Number(loss.value);
  transfer.faults.delayUs = Number(delay.value) * 1000;
  byId('loss-value').textContent = `${loss.value} %`;
  byId('delay-value').textContent = `${delay.value} ms`;
}

function draw(): void {
  if (context === null) return;
  const { width, height } = canvas;
  context.clearRect(0, 0, width, height);
  const most = Math.max(200_000, ...samples.map((s) => s.windowBytes));
  const x = (i: number) => (i / 600) * width;
  const y = (bytes: number) => height - (Math.min(bytes, most) / most) * (height - 10);
  const line = (colour: string, value: (s: Sample) => number) => {
    context.strokeStyle = colour;
    context.beginPath();
    for (let i = 0; i < samples.length; i++) context.lineTo(x(i), y(value(samples[i])));
    context.stroke();
  };
  for (let i = 0; i < samples.length; i++) {
    if (samples[i].recovery === 'open') continue;
    context.fillStyle = samples[i].recovery === 'loss' ? '#f5c6c6' : '#f7ecc4';
    context.fillRect(x(i), 0, width / 600 + 1, height);
  }
  line('#999999', (s) => s.thresholdBytes);
  line('#0b62a3', (s) => s.windowBytes);
}

function frame(): void {
  // One animation frame is 16 ms of virtual time, however fast the screen is.
  const before = samples[Math.max(0, samples.length - 60)];
  const now = transfer.advance(16_000);
  samples.push(now);
  if (samples.length > 600) samples.shift();
  draw();
  const seconds = before === undefined ? 0 : (now.timeUs - before.timeUs) / 1e6;
  const rate = seconds > 0 ? ((now.receivedBytes - before.receivedBytes) * 8) / seconds / 1e6 : 0;
  status.textContent =
    `${rate.toFixed(1)} Mbit/s, congestion window ${(now.windowBytes / 1024).toFixed(0)} KB, ` +
    `round trip ${(now.smoothedRttUs / 1000).toFixed(0)} ms, ${now.retransmitted} retransmitted, ${now.recovery}`;
  document.body.dataset['received'] = String(now.receivedBytes);
  requestAnimationFrame(frame);
}

loss.addEventListener('input', apply);
delay.addEventListener('input', apply);
algorithm.addEventListener('change', restart);
restart();
frame();
