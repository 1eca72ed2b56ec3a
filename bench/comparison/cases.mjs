// @ts-check

/** Sizes and keys that are compared, by the names the command line knows them by, and how they are shown. */
export const SIZES = /** @type {const} */ ({
  '2KB': { sizeBytes: 2_000, label: '2 KB' },
  '20KB': { sizeBytes: 20_000, label: '20 KB' },
  '577KB': { sizeBytes: 577_000, label: '577 KB' },
  '25MB': { sizeBytes: 25_000_000, label: '25 MB' },
});

/** The recipient's key is of the same kind, or RSA-2048 where the sender's is on a curve (key-kinds.mjs). */
export const KEYS = /** @type {const} */ ({ 'rsa-2048': 'RSA-2048', 'rsa-3072': 'RSA-3072', 'p-256': 'P-256' });

/** @typedef {keyof typeof SIZES} SizeName */
/** @typedef {keyof typeof KEYS} KeyName */

export const SIZE_NAMES = /** @type {SizeName[]} */ (Object.keys(SIZES));
export const KEY_NAMES = /** @type {KeyName[]} */ (Object.keys(KEYS));

/**
 * What was measured of one program. `version` is empty for sealdrop; `wholeRate` is its rate over the whole run, where `rate` is that of the
 * second half: others are warmed up too.
 * @typedef {import('../alternatives/run.mjs').Figures & { program: string, version: string, wholeRate?: number }} Row
 */

/**
 * The figures of one size and one kind of key, which are always from one run on one machine.
 * @typedef {object} Group
 * @property {SizeName} size
 * @property {KeyName} key
 * @property {string} machine
 * @property {{ rate: number, least: number, most: number, cpuMs: number }} floor messages per second: the mean of what was measured before, between and after the programs
 * @property {Row[]} rows
 * @property {{ name: string, reason: string }[]} skipped
 */
