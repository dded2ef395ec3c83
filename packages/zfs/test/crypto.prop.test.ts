import { createCipheriv, createHmac, hkdfSync, pbkdf2Sync } from 'node:crypto';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ccmDecrypt, gcmDecrypt } from '../src/crypto/aead.js';
import { HmacSha512, hkdfSha512, pbkdf2Sha1 } from '../src/crypto/derive.js';

const bytes = (min: number, max: number) => fc.uint8Array({ minLength: min, maxLength: max });

test('gcm and ccm open what node:crypto seals, and nothing that was touched', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(128, 192, 256),
      fc.constantFrom('gcm', 'ccm'),
      bytes(32, 32),
      bytes(12, 12),
      fc.oneof(bytes(0, 100), bytes(66000, 66000)),
      bytes(1, 600),
      fc.nat(),
      (bits, mode, material, nonce, aad, plain, touch) => {
        const key = material.subarray(0, bits / 8);
        const cipher = createCipheriv(`aes-${bits}-${mode}` as 'aes-128-ccm', key, nonce, {
          authTagLength: 16,
        });
        cipher.setAAD(aad, { plaintextLength: plain.length });
        const sealed = new Uint8Array(Buffer.concat([cipher.update(plain), cipher.final()]));
        const tag = new Uint8Array(cipher.getAuthTag());
        const open = mode === 'gcm' ? gcmDecrypt : ccmDecrypt;
        assert.equal(open(key, nonce, aad, sealed, tag), plain);
        sealed[touch % sealed.length] ^= 1 + (touch % 255);
        assert.is(open(key, nonce, aad, sealed, tag), null);
      },
    ),
    { numRuns: 60 },
  );
});

test('hmac, hkdf and pbkdf2 equal node:crypto', () => {
  fc.assert(
    fc.property(
      bytes(0, 200),
      bytes(0, 300),
      bytes(8, 8),
      fc.integer({ min: 1, max: 20 }),
      (key, data, salt, iterations) => {
        assert.is(
          Buffer.from(new HmacSha512(key).update(data).digest()).toString('hex'),
          createHmac('sha512', key).update(data).digest('hex'),
        );
        assert.equal(
          hkdfSha512(key, salt, 32),
          new Uint8Array(hkdfSync('sha512', key, new Uint8Array(0), salt, 32)),
        );
        assert.equal(
          pbkdf2Sha1(key, salt, iterations, 32),
          new Uint8Array(pbkdf2Sync(key, salt, iterations, 32, 'sha1')),
        );
      },
    ),
  );
});

test.run();
