// Runs inside a network namespace of its own: our stack on one side of a TAP device, Linux on the other.
// Prints one JSON line per check; tap.test.ts reads them.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import dgram from 'node:dgram';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Network, TapDevice } from '../src/node/index.js';
import { ipv4 } from '../src/wire/address.js';
import { pattern } from './transfer.js';

const run = promisify(execFile);
const sha = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');

function report(check: string, result: 'ok' | 'failed' | 'skipped', detail = ''): void {
  console.log(JSON.stringify({ check, result, detail }));
}

async function check(name: string, body: () => Promise<string | undefined>): Promise<void> {
  try {
    const timeout = new Promise<never>((_, reject) =>
      setTimeout(() => reject(new Error('timed out')), 20_000).unref(),
    );
    const detail = await Promise.race([body(), timeout]);
    if (detail?.startsWith('skipped:')) report(name, 'skipped', detail);
    else report(name, 'ok', detail);
  } catch (error) {
    report(
      name,
      'failed',
      error instanceof Error
        ? `${error.message} ${(error as { stderr?: string }).stderr ?? ''}`
        : String(error),
    );
  }
}

async function has(command: string): Promise<boolean> {
  return run('sh', ['-c', `command -v ${command}`]).then(
    () => true,
    () => false,
  );
}

await run('ip', ['link', 'set', 'lo', 'up']);
const tap = TapDevice.open('tess0');
await run('sh', ['-c', 'sysctl -qw net.ipv6.conf.tess0.accept_dad=0 2>/dev/null || true']);
await run('ip', ['addr', 'add', '10.9.0.1/24', 'dev', 'tess0']);
await run('ip', ['addr', 'add', 'fd09::1/64', 'dev', 'tess0', 'nodad']);
await run('ip', ['link', 'set', 'tess0', 'up']);
const network = new Network();
const networkInterface = network.attach(tap, {
  addresses: ['10.9.0.2/24', 'fd09::2/64'],
  gateway: '10.9.0.1',
});
const file = pattern(4_000_000, 42);
const server = network.createServer((socket) => {
  // A tiny HTTP/1.0 server: one request, one file.
  let head = '';
  socket.on('data', (chunk) => {
    head += chunk.toString('latin1');
    if (!head.includes('\r\n\r\n')) return;
    socket.write(`HTTP/1.0 200 OK\r\nContent-Length: ${file.length}\r\n\r\n`);
    socket.end(file);
  });
  socket.on('error', () => {});
});
server.listen(80);
// Duplicate detection takes a second.
await new Promise((resolve) => setTimeout(resolve, 2500));

for (const [name, option, to] of [
  ['ping', '-4', '10.9.0.2'],
  ['ping6', '-6', 'fd09::2'],
] as const)
  await check(name, async () => {
    if (await has('ping')) await run('ping', [option, '-c', '3', '-i', '0.2', '-s', '3000', to]);
    else {
      // No ping here: an unprivileged echo through Python's ICMP sockets.
      const script = `
import socket,struct,sys
v6=sys.argv[1]=='-6'
s=socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_RAW, 58 if v6 else 1)
s.settimeout(5)
data=bytes(range(256))*12
head=struct.pack('!BBHHH',128 if v6 else 8,0,0,7,1)
def cs(b):
    t=sum(struct.unpack('!%dH'%(len(b)//2),b)); t=(t>>16)+(t&65535); t+=t>>16
    return ~t&65535
if not v6: head=struct.pack('!BBHHH',8,0,cs(head+data),7,1)
s.sendto(head+data,(sys.argv[2],0))
while True:
    got=s.recv(65535)
    body=got if v6 else got[20:]
    if body[0]==(129 if v6 else 0) and body[8:]==data: break
`;
      await run('python3', ['-c', script, option, to]);
    }
    return undefined;
  });

for (const to of ['10.9.0.2', '[fd09::2]'])
  await check(`curl http://${to}/: equal hash`, async () => {
    const out = path.join(os.tmpdir(), `tessera-curl-${process.pid}`);
    await run('curl', ['-sSg', '-m', '15', '-o', out, `http://${to}/file`]);
    const got = sha(fs.readFileSync(out));
    fs.unlinkSync(out);
    if (got !== sha(file)) throw new Error('hash differs');
    return undefined;
  });

await check('our client downloads from a server on Linux: equal hash', async () => {
  const kernel = http.createServer((_request, response) => response.end(file));
  await new Promise<void>((resolve) => kernel.listen(8080, '10.9.0.1', resolve));
  const socket = await network.connect({ host: '10.9.0.1', port: 8080 });
  socket.end('GET / HTTP/1.0\r\n\r\n');
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  kernel.close();
  const all = Buffer.concat(chunks);
  if (sha(all.subarray(all.indexOf('\r\n\r\n') + 4)) !== sha(file)) throw new Error('hash differs');
  return undefined;
});

await check('echo through Linux: both directions at once, half-close', async () => {
  const kernel = net.createServer({ allowHalfOpen: true }, (s) => s.pipe(s));
  await new Promise<void>((resolve) => kernel.listen(7777, resolve));
  for (const host of ['10.9.0.1', 'fd09::1']) {
    const socket = await network.connect({ host, port: 7777 });
    socket.end(file.subarray(0, 1_000_000));
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk);
    if (sha(Buffer.concat(chunks)) !== sha(file.subarray(0, 1_000_000)))
      throw new Error(`${host}: hash differs`);
  }
  kernel.close();
  return undefined;
});

await check('connection refused, both ways', async () => {
  const refused = await network.connect({ host: '10.9.0.1', port: 9 }).catch((e) => e.code);
  if (refused !== 'ECONNREFUSED') throw new Error(`we got ${refused}`);
  const theirs = await new Promise((resolve) =>
    net.connect(9, '10.9.0.2').on('error', (e) => resolve((e as { code?: string }).code)),
  );
  if (theirs !== 'ECONNREFUSED') throw new Error(`Linux got ${theirs}`);
  return undefined;
});

await check('UDP echo with fragments, both families', async () => {
  for (const [type, host] of [
    ['udp4', '10.9.0.1'],
    ['udp6', 'fd09::1'],
  ] as const) {
    const kernel = dgram.createSocket(type);
    kernel.on('message', (data, remote) => kernel.send(data, remote.port, remote.address));
    await new Promise<void>((resolve) => kernel.bind(0, host, () => resolve()));
    const socket = network.createSocket();
    socket.connect(kernel.address().port, host);
    for (const size of [1, 1400, 8000]) {
      const data = file.subarray(0, size);
      socket.send(data);
      const got = await new Promise<Buffer>((resolve) => socket.once('message', resolve));
      if (sha(got) !== sha(data)) throw new Error(`${type} ${size} differs`);
    }
    socket.close();
    kernel.close();
  }
  return undefined;
});

await check('Linux sees our neighbour entries and a silent teardown', async () => {
  const { stdout } = await run('ip', ['neigh', 'show', 'dev', 'tess0']);
  if (!stdout.includes('10.9.0.2')) throw new Error(stdout);
  return undefined;
});

await check('Fast Open from Linux: cookie first, then data in the SYN', async () => {
  await run('sysctl', ['-qw', 'net.ipv4.tcp_fastopen=0x403']);
  const stack = network.host.stack;
  const listener = stack.tcpListen(undefined, 90).listener;
  if (listener === undefined) throw new Error('cannot listen');
  listener.fastOpen = true;
  listener.observer = {
    changed: () => {
      for (let c = listener.accept(); c !== undefined; c = listener.accept()) {
        const connection = c;
        const answer = () => {
          const bytes = new Uint8Array(4096);
          const count = connection.read(bytes);
          if (count > 0) connection.write(bytes, 0, count);
          if (connection.isAtEnd) connection.close();
          network.host.wake();
        };
        connection.observer = { changed: answer };
        answer();
      }
    },
  };
  const script = `
import socket
for i in range(3):
    s=socket.socket()
    data=bytes([i])*300
    s.sendto(data, 0x20000000, ('10.9.0.2', 90))
    s.settimeout(5)
    got=b''
    while len(got)<300: got+=s.recv(1000)
    assert got==data
    s.close()
`;
  await run('python3', ['-c', script]);
  const { fastOpenAccepted } = stack.tcp.environment.counters;
  if (fastOpenAccepted < 2) throw new Error(`${fastOpenAccepted} SYNs with data were accepted`);
  // The other way: our cookie from Linux, then our data in the SYN.
  const kernel = net.createServer((s) => s.pipe(s));
  await new Promise<void>((resolve) => kernel.listen(9090, '10.9.0.1', resolve));
  const request = file.subarray(0, 700);
  for (let i = 0; i < 3; i++) {
    network.host.touch();
    const { connection } = stack.tcpConnect(ipv4(10, 9, 0, 1), 9090);
    if (connection === undefined) throw new Error('cannot connect');
    connection.fastOpen = true;
    connection.write(request);
    const back = new Uint8Array(700);
    let got = 0;
    await new Promise<void>((resolve) => {
      connection.observer = {
        changed: () => {
          got += connection.read(back, got);
          if (got === 700 || connection.error !== undefined) resolve();
        },
      };
      network.host.wake();
    });
    connection.close();
    network.host.wake();
    if (sha(back) !== sha(request)) throw new Error('hash differs');
  }
  if (stack.tcp.environment.counters.fastOpenSent < 2) throw new Error('our SYNs carried no data');
  kernel.close();
  listener.close();
  return `${fastOpenAccepted} accepted`;
});

await check('DHCP, DNS and router advertisement from dnsmasq', async () => {
  if (!(await has('dnsmasq'))) return 'skipped: dnsmasq is not installed';
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tessera-dnsmasq-'));
  const daemon = spawn(
    'dnsmasq',
    [
      '-k',
      '-u',
      'root',
      '-i',
      'tess0',
      '--bind-interfaces',
      '--no-resolv',
      '--no-hosts',
      '--conf-file=/dev/null',
      `--pid-file=${folder}/pid`,
      `--dhcp-leasefile=${folder}/leases`,
      '--dhcp-range=10.9.0.50,10.9.0.99,255.255.255.0,5m',
      '--enable-ra',
      '--dhcp-range=fd0a::,slaac,64,5m',
      '--local=/invalid/',
      '--address=/tessera.test/10.9.0.77',
      '--address=/tessera.test/fd09::77',
      '--log-dhcp',
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let log = '';
  daemon.stderr.on('data', (d) => (log += d));
  await run('ip', ['addr', 'add', 'fd0a::1/64', 'dev', 'tess0', 'nodad']);
  try {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const second = new Network();
    const other = TapDevice.open('tess1');
    await run('ip', ['link', 'set', 'tess1', 'up']);
    // A bridge puts both devices on one wire.
    await run('ip', ['link', 'add', 'tessbr', 'type', 'bridge']);
    await run('ip', ['addr', 'flush', 'dev', 'tess0']);
    daemon.kill();
    for (const device of ['tess0', 'tess1'])
      await run('ip', ['link', 'set', device, 'master', 'tessbr']);
    for (const address of ['10.9.0.1/24', 'fd09::1/64', 'fd0a::1/64'])
      await run('ip', [
        'addr',
        'add',
        address,
        'dev',
        'tessbr',
        ...(address.includes(':') ? ['nodad'] : []),
      ]);
    await run('ip', ['link', 'set', 'tessbr', 'up']);
    const bridged = spawn(
      'dnsmasq',
      daemon.spawnargs.slice(1).map((a) => (a === 'tess0' ? 'tessbr' : a)),
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    bridged.stderr.on('data', (d) => (log += d));
    try {
      const its = second.attach(other, { ipv6: true });
      const lease = await second.dhcp(its, 'tessera');
      const [address] = await second.lookup('tessera.test');
      if (String(address) !== '10.9.0.77') throw new Error(`lookup gave ${address}`);
      const [six] = await second.lookup('tessera.test', 6);
      if (String(six) !== 'fd09::77') throw new Error(`AAAA gave ${six}`);
      const missing = await second.lookup('missing.invalid').catch((e) => e.message);
      if (!String(missing).includes('no-such-name'))
        throw new Error(`missing name gave ${missing}`);
      for (let i = 0; i < 80; i++) {
        if (its.addresses.some((own) => own.isUsable && own.address.toString().startsWith('fd0a:')))
          break;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const six0 = its.addresses.map((own) => `${own.address}:${own.state}`).join(' ');
      if (!six0.includes('fd0a:')) throw new Error(`no SLAAC address: ${six0}`);
      // Two of our stacks through the bridge of Linux.
      const socket = await second.connect({ host: '10.9.0.2', port: 80 });
      socket.end('GET / HTTP/1.0\r\n\r\n');
      let bytes = 0;
      for await (const chunk of socket) bytes += chunk.length;
      if (bytes < file.length) throw new Error(`only ${bytes} bytes through the bridge`);
      second.close();
      return `${lease.prefix.address} by ${lease.server}; missing: ${missing}; ${six0}`;
    } finally {
      bridged.kill();
    }
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\n${log}`);
  } finally {
    daemon.kill();
    fs.rmSync(folder, { recursive: true, force: true });
  }
});

await check('an open connection survives nmap', async () => {
  if (process.env['TESSERA_NMAP'] !== '1') return 'skipped: takes a while, set TESSERA_NMAP=1';
  const socket = net.connect(80, '10.9.0.2');
  await new Promise((resolve) => socket.once('connect', resolve));
  const stack = network.host.stack;
  for (const options of [
    ['-sS', '-p', '1-1000'],
    ['-O', '-p', '80,81'],
    ['-f', '-sS', '-p', '1-100'],
    ['-sX', '-p', '1-100'],
  ])
    await run('nmap', ['-n', '-Pn', '--max-retries', '1', ...options, '10.9.0.2'], {
      timeout: 60_000,
    });
  socket.write('GET / HTTP/1.0\r\n\r\n');
  let bytes = 0;
  for await (const chunk of socket) bytes += chunk.length;
  if (bytes < file.length) throw new Error(`only ${bytes} bytes after the scans`);
  return `${stack.tcp.environment.table.size} connections, ${stack.reassembly.size} datagrams left`;
});

report(
  'counters',
  'ok',
  JSON.stringify({
    ...network.host.stack.tcp.environment.counters,
    ...networkInterface.counters,
    tapDropped: tap.dropped,
  }),
);
network.close();
process.exit(0);
