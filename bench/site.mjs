// @ts-check
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { demoAuthority } from '../dist/cli/demo-pki.js';
import { atEnd, endsWithUs } from './at-end.mjs';
import { issueKeys } from './key-kinds.mjs';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** @typedef {ReturnType<typeof makeSite>} Site */

/**
 * A throwaway installation: keys of one sender and one recipient, spool, pickup directories that nobody empties, config.
 * @param {string} disk directory on the disk to be measured
 * @param {import('./key-kinds.mjs').KeyKind} [keyKind] RSA-2048 when not given, made without openssl
 */
export function makeSite(disk, keyKind) {
  const directory = mkdtempSync(join(disk, 'sealdrop-bench-'));
  const remove = atEnd(() => rmSync(directory, { recursive: true, force: true, maxRetries: 10 }));
  const at = (/** @type {string[]} */ ...names) => join(directory, ...names);
  for (const path of ['keys', 'mta/pickup', 'mta/staging', 'mta/bad']) mkdirSync(at(path), { recursive: true });
  for (const path of ['spool/outbox/new', 'spool/outbox/tmp']) mkdirSync(at(path), { recursive: true, mode: 0o700 });
  if (keyKind !== undefined) issueKeys(directory, at('keys'), keyKind);
  else for (const address of ['steve@example.com', 'bob@example.net']) demoAuthority(directory).issue(at('keys'), address);
  writeFileSync(
    at('sealdrop.yaml'),
    'spool: spool\nkeys: keys\nhttp: { listen: off }\nlog: { level: warn }\ndelivery:\n  via: pickup\n  pickup: { directory: mta/pickup, staging: mta/staging, bad: mta/bad, maxWaiting: off, maxAge: off }\n',
  );
  return {
    directory,
    config: at('sealdrop.yaml'),
    keys: at('keys'),
    doorNew: at('spool/outbox/new'),
    doorTmp: at('spool/outbox/tmp'),
    claimed: at('spool/work/in'),
    work: at('spool/work'),
    pickup: at('mta/pickup'),
    audit: at('spool/audit'),
    remove,
  };
}

/**
 * A message of about `sizeBytes`: text and a base64 attachment, CRLF.
 * @param {number} number
 * @param {number} sizeBytes
 */
export function mail(number, sizeBytes) {
  const line = 'VGhpcyBpcyBhbiBhdHRhY2htZW50IG9mIHRoZSBiZW5jaG1hcms6IGV2ZXJ5IGxpbmUgdGhlIHNhbWU=\r\n'.slice(0, 76);
  const body = `${line.trimEnd().padEnd(76, 'A')}\r\n`.repeat(Math.max(1, Math.round((sizeBytes - 500) / 78)));
  const boundary = `b${number}`;
  return [
    'From: Steve <steve@example.com>',
    'To: Bob <bob@example.net>',
    `Subject: Benchmark ${number}`,
    'Date: Tue, 24 Nov 2026 10:00:00 +0000',
    `Message-ID: <${number}@bench.example.com>`,
    'MIME-Version: 1.0',
    `Content-Type: multipart/mixed; boundary=${boundary}`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=us-ascii',
    '',
    'Hello Bob',
    `--${boundary}`,
    'Content-Type: application/octet-stream',
    'Content-Transfer-Encoding: base64',
    '',
    `${body}--${boundary}--`,
    '',
  ].join('\r\n');
}

/**
 * Files that wait, and are on the disk: what the kernel has still to write of them would compete with what is measured.
 * @param {{ doorNew: string }} site
 * @param {number} count
 * @param {number} sizeBytes
 * @param {number} [from] number of the first
 */
export function fill(site, count, sizeBytes, from = 0) {
  for (let n = from; n < from + count; n++) writeFileSync(join(site.doorNew, `${n}.eml`), mail(n, sizeBytes));
  spawnSync('sync', ['--file-system', site.doorNew]);
}

/**
 * Starts the daemon in the environment that deploy/systemd/sealdrop.service gives it.
 * @param {{ config: string }} site
 * @param {string[]} extra
 */
export function startDaemon(site, ...extra) {
  return endsWithUs(
    spawn(process.execPath, ['--max-semi-space-size=8', main, 'run', '-c', site.config, ...extra], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, UV_THREADPOOL_SIZE: '64', MALLOC_ARENA_MAX: '2' },
    }),
  );
}

/**
 * How far the audit chain has grown.
 * @param {{ audit: string }} site
 */
export function auditBytes(site) {
  const names = existsSync(site.audit) ? readdirSync(site.audit).filter((name) => name.endsWith('.chain.jsonl')) : [];
  return names.reduce((sum, name) => sum + statSync(join(site.audit, name)).size, 0);
}

/**
 * Memory of a process, and processor time of it and its children that have ended, from proc(5).
 * @param {number} pid
 */
export function usageOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  const kib = (/** @type {string} */ name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  return { rssMiB: kib('VmRSS') / 1024, peakMiB: kib('VmHWM') / 1024, cpuMs: ticks * 10 };
}
