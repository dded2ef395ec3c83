import fs from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runScript } from './packetdrill/run.js';

// Our own scripts, over both families: each behaviour of the state machine as an exchange of packets.
const folder = new URL('./packetdrill/scripts/', import.meta.url);
const scripts = fs.readdirSync(folder).filter((name) => name.endsWith('.pkt'));

for (const name of scripts) {
  for (const v6 of [false, true]) {
    let source = fs.readFileSync(new URL(name, folder), 'utf8');
    if (v6 && source.includes('icmp')) continue;
    // The announced segment size is the link's less the headers.
    if (v6)
      source = source
        .replaceAll('mss 1460', 'mss 1440')
        .replaceAll(/(< S\.? .*)mss 1440/g, '$1mss 1460');
    test(`packetdrill ${name}${v6 ? ' over IPv6' : ''}`, () =>
      assert.equal(runScript(source, v6), { status: 'pass', detail: '' }));
  }
}

test('a script that asks for something else fails', () => {
  const source = fs.readFileSync(new URL('nagle.pkt', folder), 'utf8');
  assert.is(
    runScript(
      source.replace('11:31(20)', '11:21(10)').replace('11:21(10) ack 1', '11:21(10) ack 2'),
    ).status,
    'fail',
  );
  assert.is(runScript(source.replace('+0 > P. 11:31', '+1 > P. 11:31')).status, 'fail');
  assert.is(runScript('0 frobnicate(3) = 0').status, 'unsupported');
});

test.run();
