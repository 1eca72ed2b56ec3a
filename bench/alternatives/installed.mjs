// @ts-check
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const jars = ['bcprov', 'bcutil', 'bcpkix'].map((name) => `/usr/share/java/${name}.jar`);
const here = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * @typedef {object} Installed
 * @property {import('./run.mjs').Alternative[]} programs
 * @property {{ name: string, reason: string }[]} missing
 */

/**
 * Which of the wanted programs this machine has. BouncyCastle's is compiled into `work`.
 * @param {readonly string[]} wanted names, of which others than those here are passed over
 * @param {string} work a directory
 * @returns {Installed}
 */
export function installed(wanted, work) {
  /** @type {Installed} */
  const found = { programs: [], missing: [] };
  for (const [name, look] of Object.entries(finders)) {
    if (!wanted.includes(name)) continue;
    const answer = look(work);
    if (typeof answer === 'string') found.missing.push({ name, reason: answer });
    else found.programs.push(...answer);
  }
  return found;
}

/** @typedef {import('./run.mjs').Alternative[] | string} Answer programs, or why there are none */

/** In the order the programs are shown in. @type {Record<string, (work: string) => Answer>} */
const finders = { M2Crypto: m2crypto, cryptography, BouncyCastle: bouncyCastle, openssl, 'node-forge': nodeForge };

/** @returns {Answer} */
function openssl() {
  const version = output('openssl', ['version'])?.split(' ')[1];
  if (version === undefined) return 'there is no openssl';
  return [{ name: 'openssl cms', version, command: ['bash', here('openssl-loop.sh')], instances: 2, threads: 1 }];
}

/** @returns {Answer} */
function nodeForge() {
  const { version } = JSON.parse(readFileSync(fileURLToPath(import.meta.resolve('node-forge/package.json')), 'utf8'));
  return [{ name: 'node-forge', version, command: [process.execPath, here('node-forge.mjs')], instances: 1, threads: 2 }];
}

/**
 * @param {string} work
 * @returns {Answer}
 */
function bouncyCastle(work) {
  const missing = jars.filter((jar) => !existsSync(jar));
  if (missing.length > 0) return `not there: ${missing.join(', ')}`;
  const classes = join(work, 'classes');
  if (output('javac', ['-d', classes, '-cp', jars.join(':'), here('BouncyCastleSeal.java')]) === undefined)
    return 'javac did not compile it';
  const version =
    readdirSync('/usr/share/java')
      .map((name) => /^bcprov-(\d[\d.]*)\.jar$/.exec(name)?.[1])
      .find(Boolean) ?? '';
  const command = /** @type {[string, ...string[]]} */ (['java', '-cp', [classes, ...jars].join(':'), 'BouncyCastleSeal']);
  return [{ name: 'BouncyCastle', version, command, instances: 1, threads: 2 }];
}

/** @returns {Answer} */
function m2crypto() {
  for (const python of pythons) {
    const version = versionIn(python, 'M2Crypto');
    if (version !== undefined)
      return [{ name: 'M2Crypto', version, command: [python, here('m2crypto_seal.py')], instances: 2, threads: 1 }];
  }
  return 'no Python here has it';
}

/**
 * Of each version that is here, for they differ: before 44 it does not encrypt, which M2Crypto then does.
 * @returns {Answer}
 */
function cryptography() {
  /** @type {Map<string, import('./run.mjs').Alternative>} */
  const programs = new Map();
  let tooOld = '';
  for (const python of pythons) {
    const version = versionIn(python, 'cryptography');
    if (version === undefined) continue;
    const encrypts = Number.parseInt(version, 10) >= 44;
    if (!encrypts && versionIn(python, 'M2Crypto') === undefined) {
      tooOld = `version ${version} does not encrypt, and there is no M2Crypto to do it`;
      continue;
    }
    const name = encrypts ? 'cryptography' : 'cryptography, M2Crypto';
    programs.set(version, { name, version, command: [python, here('cryptography_seal.py')], instances: 2, threads: 1 });
  }
  if (programs.size > 0) return [...programs.values()];
  return tooOld || 'no Python here has it';
}

/** The first in PATH, and that of the distribution, which are not always the same. */
const pythons = ['/usr/bin/python3', 'python3'];

/**
 * @param {string} python
 * @param {string} module
 */
function versionIn(python, module) {
  return output(python, ['-c', `import ${module}; print(${module}.__version__)`])?.trim();
}

/**
 * @param {string} command
 * @param {string[]} args
 */
function output(command, args) {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}
