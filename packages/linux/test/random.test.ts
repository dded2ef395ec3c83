import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ChaChaRandom } from '../src/index.js';
import { chachaBlock } from '../src/random.js';

test('the block function is that of RFC 8439, section 2.3.2', () => {
  const bytes = Buffer.from(
    '617078653320646e79622d326b206574' + // constants, as words below
      '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f' +
      '01000000000000090000004a00000000',
    'hex',
  );
  const state = new Int32Array(16);
  for (let index = 4; index < 16; index++) state[index] = bytes.readInt32LE(index * 4);
  for (let index = 0; index < 4; index++) state[index] = bytes.readInt32BE(index * 4);
  const out = new Uint8Array(64);
  chachaBlock(state, new Int32Array(16), out);
  assert.is(
    Buffer.from(out).toString('hex'),
    '10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e' +
      'd2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e',
  );
});

test('seeds differ, requests differ, and the old key is gone after each', () => {
  const seed = new Uint8Array(32).map((_, index) => index);
  const take = (random: ChaChaRandom, bytes: number): string => {
    const out = new Uint8Array(bytes);
    random.fill(out);
    return Buffer.from(out).toString('hex');
  };
  const one = new ChaChaRandom(seed);
  const two = new ChaChaRandom(seed);
  assert.is(take(one, 100), take(two, 100));
  const first = take(one, 32);
  assert.is.not(first, take(one, 32));
  seed[31] ^= 1;
  assert.is.not(take(new ChaChaRandom(seed), 32), take(new ChaChaRandom(new Uint8Array(32)), 32));
  const mixed = new ChaChaRandom(seed);
  mixed.mix(new Uint8Array([1]));
  assert.is.not(take(mixed, 32), take(new ChaChaRandom(seed), 32));
});

test.run();
