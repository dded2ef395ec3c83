/** `tessera doctor`: what a run needs, what is missing, and its cure. */
import { spawnSync } from 'node:child_process';
import { chooseAccelerator, findClang, findOnPath } from '@tessera/boot';

export interface Finding {
  readonly name: string;
  readonly state: 'ok' | 'missing' | 'note';
  readonly detail: string;
  readonly cure?: string;
}

const NODE_WANTED = [20, 19];

function version(file: string): string {
  const run = spawnSync(file, ['--version'], { encoding: 'utf8' });
  return run.stdout?.split('\n')[0]?.trim() ?? '';
}

function tool(
  name: string,
  file: string | undefined,
  need: 'run' | 'compile',
  cure: string,
): Finding {
  if (file) return { name, state: 'ok', detail: `${file} (${version(file)})` };
  return need === 'run'
    ? { name, state: 'missing', detail: 'not found; every run needs it', cure }
    : { name, state: 'note', detail: 'not found; needed only to compile a kernel', cure };
}

export function examine(path: string = process.env['PATH'] ?? ''): Finding[] {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const nodeOk = major > NODE_WANTED[0] || (major === NODE_WANTED[0] && minor >= NODE_WANTED[1]);
  const choice = chooseAccelerator();
  const apt = (name: string): string => `apt-get install -y --no-install-recommends ${name}`;
  return [
    nodeOk
      ? { name: 'node', state: 'ok', detail: process.versions.node }
      : {
          name: 'node',
          state: 'missing',
          detail: `${process.versions.node}; 20.19 or newer is needed`,
          cure: 'npx node@20',
        },
    tool('qemu', findOnPath('qemu-system-x86_64', path), 'run', apt('qemu-system-x86')),
    tool('clang', findClang(path), 'compile', apt('clang')),
    tool('lld', findOnPath('ld.lld', path), 'compile', apt('lld')),
    choice.reason === undefined
      ? { name: 'accelerator', state: 'ok', detail: 'kvm' }
      : { name: 'accelerator', state: 'note', detail: `tcg: ${choice.reason}` },
    findOnPath('setpriv', path)
      ? { name: 'setpriv', state: 'ok', detail: 'QEMU ends with tessera, however that is killed' }
      : {
          name: 'setpriv',
          state: 'note',
          detail: 'not found; a tessera killed by SIGKILL leaves its QEMU behind',
          cure: apt('util-linux'),
        },
  ];
}

export function doctorCommand(): number {
  const findings = examine();
  for (const { name, state, detail, cure } of findings) {
    process.stdout.write(
      `${state.padEnd(8)} ${name.padEnd(12)} ${detail}\n${cure ? `${' '.repeat(22)}cure: ${cure}\n` : ''}`,
    );
  }
  return findings.some((finding) => finding.state === 'missing') ? 1 : 0;
}
