import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { demoAuthority, serialNumber } from '../../src/cli/demo-pki.js';
import { makeTemp } from '../kit/temp.js';

describe('serialNumber', () => {
  it.each([0x00, 0x01, 0x7f, 0x80, 0xff])('is a positive integer without a leading zero when the first octet drawn is %i', (first) => {
    const serial = serialNumber(Buffer.from([first, ...Buffer.alloc(15)]));
    expect(serial).toHaveLength(32);
    expect(Number.parseInt(serial.slice(0, 2), 16)).toBeGreaterThanOrEqual(0x40);
    expect(Number.parseInt(serial.slice(0, 2), 16)).toBeLessThan(0x80);
  });
});

describe('the demo authority', () => {
  it('issues certificates that OpenSSL reads and that it signed itself', () => {
    const directory = makeTemp('demo-pki');
    mkdirSync(join(directory, 'keys'));
    const authority = demoAuthority(directory);
    authority.issue(join(directory, 'keys'), 'steve@example.com');
    const certificate = new X509Certificate(readFileSync(join(directory, 'keys', 'steve@example.com.crt')));
    expect(certificate.verify(new X509Certificate(authority.rootPem).publicKey)).toBe(true);
    expect(certificate.subjectAltName).toBe('email:steve@example.com');
    expect(certificate.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
  });
});
