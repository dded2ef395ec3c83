import type { f64 } from '@tessera/machine';

const SOLAR_MASS: f64 = 4 * 3.141592653589793 * 3.141592653589793;
const DAYS_PER_YEAR: f64 = 365.24;

class Body {
  x: f64;
  y: f64;
  z: f64;
  vx: f64;
  vy: f64;
  vz: f64;
  readonly mass: f64;

  constructor(x: f64, y: f64, z: f64, vx: f64, vy: f64, vz: f64, mass: f64) {
    this.x = x;
    this.y = y;
    this.z = z;
    this.vx = vx * DAYS_PER_YEAR;
    this.vy = vy * DAYS_PER_YEAR;
    this.vz = vz * DAYS_PER_YEAR;
    this.mass = mass * SOLAR_MASS;
  }
}

// Positions in astronomical units, velocities per day, masses in suns: the planets as published with the benchmark.
function planets(): Body[] {
  return [
    new Body(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0),
    new Body(
      4.8414314424647209,
      -1.16032004402742839,
      -0.103622044471123109,
      0.00166007664274403694,
      0.00769901118419740425,
      -0.0000690460016972063023,
      0.000954791938424326609,
    ),
    new Body(
      8.34336671824457987,
      4.12479856412430479,
      -0.403523417114321381,
      -0.00276742510726411188,
      0.00499852801234917238,
      0.0000230417297573763929,
      0.000285885980666130812,
    ),
    new Body(
      12.894369562139131,
      -15.1111514016986312,
      -0.223307578892655734,
      0.00296460137564761618,
      0.00237847173959480623,
      -0.0000296589568540237556,
      0.0000436624404335156298,
    ),
    new Body(
      15.3796971148509165,
      -25.9193146099879641,
      0.179258772950371181,
      0.00268067772490389322,
      0.00162824170038242295,
      -0.000095159225451971587,
      0.0000515138902046611451,
    ),
  ];
}

class System {
  private readonly bodies: Body[] = planets();

  constructor() {
    let px: f64 = 0.0;
    let py: f64 = 0.0;
    let pz: f64 = 0.0;
    for (const body of this.bodies) {
      px += body.vx * body.mass;
      py += body.vy * body.mass;
      pz += body.vz * body.mass;
    }
    const sun = this.bodies[0];
    sun.vx = -px / SOLAR_MASS;
    sun.vy = -py / SOLAR_MASS;
    sun.vz = -pz / SOLAR_MASS;
  }

  advance(dt: f64): void {
    const count = this.bodies.length;
    for (let i = 0; i < count; i++) {
      const a = this.bodies[i];
      for (let j = i + 1; j < count; j++) {
        const b = this.bodies[j];
        const dx: f64 = a.x - b.x;
        const dy: f64 = a.y - b.y;
        const dz: f64 = a.z - b.z;
        const squared: f64 = dx * dx + dy * dy + dz * dz;
        const magnitude: f64 = dt / (squared * Math.sqrt(squared));
        a.vx -= dx * b.mass * magnitude;
        a.vy -= dy * b.mass * magnitude;
        a.vz -= dz * b.mass * magnitude;
        b.vx += dx * a.mass * magnitude;
        b.vy += dy * a.mass * magnitude;
        b.vz += dz * a.mass * magnitude;
      }
    }
    for (const body of this.bodies) {
      body.x += dt * body.vx;
      body.y += dt * body.vy;
      body.z += dt * body.vz;
    }
  }

  energy(): f64 {
    let total: f64 = 0.0;
    const count = this.bodies.length;
    for (let i = 0; i < count; i++) {
      const a = this.bodies[i];
      total += 0.5 * a.mass * (a.vx * a.vx + a.vy * a.vy + a.vz * a.vz);
      for (let j = i + 1; j < count; j++) {
        const b = this.bodies[j];
        const dx: f64 = a.x - b.x;
        const dy: f64 = a.y - b.y;
        const dz: f64 = a.z - b.z;
        total -= (a.mass * b.mass) / Math.sqrt(dx * dx + dy * dy + dz * dz);
      }
    }
    return total;
  }
}

/** Five bodies for `iterations` thousand steps of 0.01 days; prints the energy. */
export function run(iterations: number): string {
  const system = new System();
  for (let i = 0; i < iterations * 1000; i++) system.advance(0.01);
  return String(system.energy());
}
