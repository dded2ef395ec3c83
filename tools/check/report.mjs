// Steps, their output and the two numbers at the end.
import { spawn } from 'node:child_process';

export class Report {
  passed = 0;
  failed = 0;

  /** One line per step; the output of a step that failed follows it. */
  add(name, { passed, failed, output = '', seconds = 0, note = '' }) {
    this.passed += passed;
    this.failed += failed;
    const count = failed ? `${passed} passed, ${failed} failed` : note || `${passed} passed`;
    console.log(
      `${failed ? 'FAIL' : 'ok  '} ${name.padEnd(34)} ${seconds.toFixed(1).padStart(6)} s  ${count}`,
    );
    if (failed) console.log(output.replace(/^/gm, '     | '));
  }

  /** Runs a check that returns { problems, note } or throws. One step, one count. */
  async check(name, body) {
    const started = performance.now();
    const seconds = () => (performance.now() - started) / 1000;
    try {
      const { problems = [], note = '', output = '' } = (await body()) ?? {};
      this.add(name, {
        passed: problems.length ? 0 : 1,
        failed: problems.length ? 1 : 0,
        output: [...problems, output].filter(Boolean).join('\n'),
        seconds: seconds(),
        note,
      });
      return problems.length === 0;
    } catch (error) {
      this.add(name, {
        passed: 0,
        failed: 1,
        output: String(error?.stack ?? error),
        seconds: seconds(),
      });
      return false;
    }
  }

  /** Runs a command; its exit status decides. */
  command(name, command, args, options) {
    return this.check(name, async () => {
      const run = await execute(command, args, options);
      return run.status === 0
        ? {}
        : { problems: [`${command} ${args.join(' ')}: ${run.why}`], output: run.output };
    });
  }
}

/** Runs a command without input. { status, output, seconds, why }; killed with all its children after `timeoutMs`. */
export function execute(command, args, { cwd, env = {}, timeoutMs = 600_000 } = {}) {
  return new Promise((resolve) => {
    const started = performance.now();
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, NX_DAEMON: 'false', NO_COLOR: '1', FORCE_COLOR: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let output = '';
    let why = '';
    const take = (chunk) => {
      output += chunk;
      if (output.length > 4_000_000) output = output.slice(-3_000_000);
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    const timer = setTimeout(() => {
      why = `took longer than ${timeoutMs / 1000} s`;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It ended in this moment.
      }
    }, timeoutMs);
    const finish = (status, signal, error) => {
      clearTimeout(timer);
      resolve({
        status: why ? 1 : (status ?? 1),
        output,
        seconds: (performance.now() - started) / 1000,
        why:
          why || (error ? String(error) : signal ? `ended by ${signal}` : `exit status ${status}`),
      });
    };
    child.on('error', (error) => finish(1, null, error));
    child.on('close', (status, signal) => finish(status, signal));
  });
}

/** Runs the jobs, at most `width` at once. */
export async function parallel(jobs, width) {
  const queue = [...jobs];
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (let job = queue.shift(); job; job = queue.shift()) await job();
    }),
  );
}
