import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { verifyTrail } from '../../src/archive/verify.js';
import { testPki } from '../kit/pki.js';
import { Site } from '../kit/site.js';

export const pki = testPki();
export const steve = pki.issue({ address: 'steve@example.com' });
export const bob = pki.issue({ address: 'bob@example.net' });

/** A site where Steve can write to Bob, whose daemon looks often and logs for people. `config`: YAML below that. */
export function newSite(config = '', log = 'info', pickup: readonly string[] = []): Site {
  const quick = /^outbox:/m.test(config) ? '' : 'outbox: { rescanMs: 100 }\n';
  const http = /^http:/m.test(config) ? '' : 'http: { listen: off }\n';
  return new Site({
    senders: [steve],
    recipients: [bob],
    config: `${http}log: { format: text, level: ${log} }\n${quick}${config}`,
    pickup,
  });
}

export function letter(subject: string, { from = steve.address, to = bob.address } = {}): string {
  return `From: ${from}\r\nTo: ${to}\r\nSubject: ${subject}\r\n\r\ntext of ${subject}\r\n`;
}

/** Subjects of what was picked up, sorted. */
export function subjectsPickedUp(site: Site): string[] {
  return [...site.sealed().values()].map((bytes) => /^Subject: (.*)\r$/m.exec(bytes.toString('latin1'))?.[1] ?? '?').sort();
}

/** Message files under way, in whatever state. */
export function underWay(site: Site): string[] {
  const directories = [site.staging, ...['work', 'work/in', 'work/sealed', 'retry'].map((name) => join(site.spool, name))];
  return directories.flatMap((path) => readdirSync(path).filter((name) => /\.(eml|json)$/.test(name)));
}

/** Chain, details and archive prove each other. */
export function expectWholeTrail(site: Site): void {
  const { findings, verdict } = verifyTrail(join(site.spool, 'audit'), join(site.spool, 'archive'), join(site.spool, 'work'));
  expect(findings).toEqual([]);
  expect(verdict).toBe('consistent, completeness not proven');
}
