import { Random } from './random.js';

class Ball {
  private x: number;
  private y: number;
  private xVelocity: number;
  private yVelocity: number;

  constructor(random: Random) {
    this.x = random.next() % 500;
    this.y = random.next() % 500;
    this.xVelocity = (random.next() % 300) - 150;
    this.yVelocity = (random.next() % 300) - 150;
  }

  bounce(): boolean {
    const limit = 500;
    let bounced = false;
    this.x += this.xVelocity;
    this.y += this.yVelocity;
    if (this.x > limit) {
      this.x = limit;
      this.xVelocity = 0 - Math.abs(this.xVelocity);
      bounced = true;
    }
    if (this.x < 0) {
      this.x = 0;
      this.xVelocity = Math.abs(this.xVelocity);
      bounced = true;
    }
    if (this.y > limit) {
      this.y = limit;
      this.yVelocity = 0 - Math.abs(this.yVelocity);
      bounced = true;
    }
    if (this.y < 0) {
      this.y = 0;
      this.yVelocity = Math.abs(this.yVelocity);
      bounced = true;
    }
    return bounced;
  }
}

function once(): number {
  const random = new Random();
  const balls: Ball[] = [];
  for (let i = 0; i < 100; i++) balls.push(new Ball(random));
  let bounces = 0;
  for (let i = 0; i < 50; i++) {
    for (const ball of balls) {
      if (ball.bounce()) bounces += 1;
    }
  }
  return bounces;
}

/** 100 balls in a box for 50 steps; 1,331 bounces. */
export function run(iterations: number): string {
  let last = 0;
  for (let i = 0; i < iterations; i++) last = once();
  return String(last);
}
