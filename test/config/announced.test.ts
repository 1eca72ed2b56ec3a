import { describe, expect, it } from 'vitest';
import { announcedBy } from '../../src/config/announced.js';
import { loadConfig } from '../../src/config/load.js';
import { PICKUP, temporaryFile } from './write.js';

function announced(text: string) {
  return announcedBy(loadConfig(temporaryFile('sealdrop.yaml', PICKUP + text), {}));
}

describe('what signatures announce', () => {
  it('is decided by the first item that matches the From address', () => {
    const of = announced(`identities:
  - { from: chief@example.com, capabilities: [] }
  - { from: ["*@example.com", "*@example.org"], capabilities: [aes-256-gcm, aes-128-cbc] }
`);
    expect(of('chief@example.com')).toEqual([]);
    expect(of('alice@EXAMPLE.org')).toEqual(['aes-256-gcm', 'aes-128-cbc']);
    expect(of('alice@example.net')).toBeUndefined();
  });

  it('holds for every address where no pattern is named', () => {
    expect(announced('identities: [{ capabilities: [aes-192-cbc] }]\n')('anybody@example.net')).toEqual(['aes-192-cbc']);
  });

  it('is the usual where nothing is said', () => {
    expect(announced('')('alice@example.com')).toBeUndefined();
  });
});
