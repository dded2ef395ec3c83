// Debian packages that the repository needs: which are missing, and how to get them.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export function wantedPackages(groups) {
  const all = JSON.parse(readFileSync(new URL('debian-packages.json', import.meta.url), 'utf8'));
  return groups.flatMap((group) => Object.keys(all[group]));
}

/** The missing ones; undefined where there is no dpkg to ask. */
export function missingPackages(names) {
  const query = spawnSync(
    'dpkg-query',
    ['-W', '-f', '${Package} ${db:Status-Status}\n', ...names],
    {
      encoding: 'utf8',
    },
  );
  if (query.error) return undefined;
  const installed = new Set(
    query.stdout
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return names.filter((name) => !installed.has(name));
}

export function aptCommand(names) {
  return `apt-get install -y --no-install-recommends ${names.join(' ')}`;
}

/** Installs them. { ok, output }: never asks, reads no input. */
export function installPackages(names) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 28 };
  const update = spawnSync('apt-get', ['update', '-qq'], options);
  const install = spawnSync(
    'apt-get',
    ['install', '-y', '-qq', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300', ...names],
    options,
  );
  const text = (run) => `${run.stdout ?? ''}${run.stderr ?? ''}`;
  // A mirror that fails to update still installs from what is known: only the install decides.
  return { ok: install.status === 0, output: text(update) + text(install) };
}
