import { isAbsolute, relative, resolve, sep } from 'node:path';
import { type PickupProfile, type PickupProfileName, pickupProfiles } from '../delivery/pickup/profile.js';
import { isLoopback } from '../delivery/smtp/servers.js';
import { WAYS, type Way } from '../way.js';
import type { PlainValue } from './document.js';
import { type CrossFault, type KeyPath, keyWords } from './fault.js';
import { configSchema } from './schema.js';
import { durationWords, parseDuration, parseSize, sizeWords } from './sizes.js';
import { smtpFaults } from './smtp-checks.js';
import { valueAt } from './wording.js';

/**
 * What is wrong between keys that are each well-formed. Reads the file's values and not the finished configuration, so that a
 * fault in one key does not hide one elsewhere; a value that is not well-formed is left to the schema.
 * `directory` is the one relative paths start from.
 */
export function faultsAcrossKeys(value: PlainValue, directory: string): CrossFault[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return [
    ...deliveryFaults(value),
    ...ruleFaults(value),
    ...uncarriedFaults(value),
    ...overlapFaults(value, directory),
    ...orderFaults(value),
    ...unsealedFaults(value),
    ...floorFaults(value),
    ...tripleWrapFaults(value),
  ];
}

const DEFAULTS = configSchema.parse({});

function deliveryFaults(value: PlainValue): CrossFault[] {
  const faults: CrossFault[] = [];
  const via = valueAt(value, ['delivery', 'via']) ?? DEFAULTS.delivery.via;
  if (isWay(via) && !isPresent(value, ['delivery', via])) {
    faults.push({ path: ['delivery', 'via'], text: `is ${via}, but the section delivery.${via} is missing; ${NEEDED[via]}` });
  }
  const fallback = valueAt(value, ['delivery', 'fallback']);
  if (fallback !== undefined && isWay(fallback)) {
    const path: KeyPath = ['delivery', 'fallback'];
    if (!isPresent(value, ['delivery', 'pickup'])) faults.push({ path, text: 'has no use without delivery.pickup; take it out' });
    if (!isPresent(value, ['delivery', fallback])) {
      faults.push({ path, text: `is ${fallback}, but the section delivery.${fallback} is missing; ${NEEDED[fallback]}` });
    }
  }
  return [...faults, ...smtpFaults(value), ...kumomtaFaults(value)];
}

const NEEDED: Readonly<Record<Way, string>> = {
  pickup: 'add it with directory, staging and bad',
  smtp: 'add it with host, or set SMTP_HOST in the environment',
  sparkpost: 'add it with apiKeyFile, or set SPARKPOST_API_KEY in the environment',
  sendmail: 'add it with program',
  kumomta: 'add it with url',
};

function isWay(via: PlainValue): via is Way {
  return WAYS.some((way) => way === via);
}

/** A password goes with a user, and over no wire in clear. */
function kumomtaFaults(value: PlainValue): CrossFault[] {
  const faults: CrossFault[] = [];
  if (isPresent(value, ['delivery', 'kumomta', 'passwordFile']) && !isPresent(value, ['delivery', 'kumomta', 'user']))
    faults.push({ path: ['delivery', 'kumomta', 'passwordFile'], text: 'has no use without a user; add delivery.kumomta.user' });
  const url = valueAt(value, ['delivery', 'kumomta', 'url']);
  if (typeof url === 'string' && isClearToOthers(url) && isPresent(value, ['delivery', 'kumomta', 'user'])) {
    faults.push({ path: ['delivery', 'kumomta', 'url'], text: 'would carry the password in clear to another host; write https://' });
  }
  return faults;
}

function isClearToOthers(text: string): boolean {
  if (!/^http:\/\/[^\s\\]+$/i.test(text) || !URL.canParse(text)) return false;
  const { hostname } = new URL(text);
  return hostname !== 'localhost' && !isLoopback(hostname.replace(/^\[|\]$/g, ''));
}

function ruleFaults(value: PlainValue): CrossFault[] {
  const rules = valueAt(value, ['rules']);
  if (!Array.isArray(rules)) return [];
  const faults: CrossFault[] = [];
  const names = new Map<string, number>();
  const matchesAll = rules.findIndex((_, index) => isEmptyMap(valueAt(value, ['rules', index, 'when'])));
  for (const index of rules.keys()) {
    const name = valueAt(value, ['rules', index, 'name']);
    if (typeof name === 'string') {
      const earlier = names.get(name);
      if (earlier === undefined) names.set(name, index);
      else faults.push({ path: ['rules', index, 'name'], text: `is also the name of rules[${earlier}]; give each rule a name of its own` });
    }
    const via = valueAt(value, ['rules', index, 'delivery', 'via']);
    if (via !== undefined && isWay(via) && !isPresent(value, ['delivery', via])) {
      faults.push({
        path: ['rules', index, 'delivery', 'via'],
        text: `is ${via}, but the section delivery.${via} is missing; ${NEEDED[via]}`,
      });
    }
    if (matchesAll >= 0 && index > matchesAll) {
      faults.push({
        path: ['rules', index],
        text: `never applies, because rules[${matchesAll}] matches everything (when: {}); move it before that rule`,
      });
    }
  }
  return faults;
}

/** What a rule tells the MTA would be told to nobody where the MTA's files have no place for it. */
function uncarriedFaults(value: PlainValue): CrossFault[] {
  const name = valueAt(value, ['delivery', 'pickup', 'profile']);
  const rules = valueAt(value, ['rules']);
  if (typeof name !== 'string' || !Object.hasOwn(pickupProfiles, name) || !Array.isArray(rules)) return [];
  const { carries }: PickupProfile = pickupProfiles[name as PickupProfileName];
  const words = { job: 'x-job', virtualMta: 'x-virtual-mta' } as const;
  return [...rules.keys()].flatMap((index) => {
    const via = valueAt(value, ['rules', index, 'delivery', 'via']) ?? valueAt(value, ['delivery', 'via']) ?? DEFAULTS.delivery.via;
    if (via !== 'pickup') return [];
    return (['job', 'virtualMta'] as const)
      .map((key): KeyPath => ['rules', index, 'delivery', key])
      .filter((path) => isPresent(value, path) && !carries.includes(words[path.at(-1) as keyof typeof words]))
      .map((path) => ({ path, text: `has no place in pickup files of the profile ${name}; take it out` }));
  });
}

/** Each of these directories has an owner, modes and a meaning of its own; one within another breaks promises about both. */
function overlapFaults(value: PlainValue, base: string): CrossFault[] {
  const directories = DIRECTORIES.flatMap((path) => {
    const named = valueAt(value, path) ?? (path.length === 1 ? DEFAULTS[path[0] as 'spool' | 'keys'] : undefined);
    return typeof named === 'string' && named !== '' ? [{ path, directory: resolve(base, named) }] : [];
  });
  return directories.flatMap((one, index) =>
    directories.slice(0, index).flatMap((other) => {
      // The MTA made the directory for refused mail where it wanted, and it only matters that it is another.
      const badWithinPickup = one.path.at(-1) === 'bad' && other.path.at(-1) === 'directory' && one.directory !== other.directory;
      if (badWithinPickup && isWithin(one.directory, other.directory)) return [];
      const relation = relationOf(one.directory, other.directory);
      return relation === undefined
        ? []
        : [{ path: one.path, text: `${relation} ${keyWords(other.path)} (${other.directory}); use a directory apart from it` }];
    }),
  );
}

const DIRECTORIES: readonly KeyPath[] = [
  ['spool'],
  ['keys'],
  ['delivery', 'pickup', 'directory'],
  ['delivery', 'pickup', 'staging'],
  ['delivery', 'pickup', 'bad'],
];

function relationOf(one: string, other: string): string | undefined {
  if (one === other) return 'is the same directory as';
  if (isWithin(one, other)) return 'lies within';
  return isWithin(other, one) ? 'contains' : undefined;
}

function isWithin(inner: string, outer: string): boolean {
  const way = relative(outer, inner);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

function orderFaults(value: PlainValue): CrossFault[] {
  const { outbox, delivery } = DEFAULTS;
  return [
    ...order(value, ['outbox', 'maxMessageBytes'], ['outbox', 'maxBytesInFlight'], outbox, parseSize, sizeWords),
    ...order(value, ['delivery', 'retry', 'firstMs'], ['delivery', 'retry', 'maxMs'], delivery.retry, parseDuration, durationWords),
    ...order(value, ['delivery', 'retry', 'maxMs'], ['delivery', 'retry', 'giveUpAfter'], delivery.retry, parseDuration, durationWords),
  ];
}

/** A fault when the smaller setting is larger than the other, said of the one that stands in the file. */
function order(
  value: PlainValue,
  smaller: KeyPath,
  larger: KeyPath,
  defaults: Readonly<Record<string, unknown>>,
  parse: (value: string | number) => number | undefined,
  words: (amount: number) => string,
): CrossFault[] {
  const amount = (path: KeyPath) => {
    const given = valueAt(value, path) ?? defaults[String(path.at(-1))];
    return typeof given === 'string' || typeof given === 'number' ? parse(given) : undefined;
  };
  const [small, large] = [amount(smaller), amount(larger)];
  if (small === undefined || large === undefined || small <= large) return [];
  if (isPresent(value, smaller))
    return [{ path: smaller, text: `${words(small)} is more than ${keyWords(larger)}, ${words(large)}; lower it or raise the other` }];
  return [{ path: larger, text: `${words(large)} is less than ${keyWords(smaller)}, ${words(small)}; raise it or lower the other` }];
}

function unsealedFaults(value: PlainValue): CrossFault[] {
  if (valueAt(value, ['protect', 'sign']) !== 'none' || valueAt(value, ['protect', 'encrypt']) !== 'none') return [];
  const text = 'with sign: none all mail would pass unsealed; write a rule that says both for the mail that may';
  return [{ path: ['protect', 'encrypt'], text }];
}

/** A floor beside a named cipher would look like a promise, and change nothing; but for the default, which stands in the file `init` writes. */
function floorFaults(value: PlainValue): CrossFault[] {
  const isAuto = (path: KeyPath) => (valueAt(value, [...path, 'content']) ?? valueAt(value, ['protect', 'content'])) === 'auto';
  const rules = valueAt(value, ['rules']);
  const rulePaths = Array.isArray(rules) ? [...rules.keys()].map((index): KeyPath => ['rules', index, 'protect']) : [];
  const general: KeyPath = ['protect'];
  const wanting = rulePaths.filter((path) => !isAuto(path));
  if (![general, ...rulePaths].some(isAuto)) wanting.push(general);
  return wanting.flatMap((path) => {
    const text = 'has no use where content names a cipher; set content: auto, or name the cipher itself';
    const floor = valueAt(value, [...path, 'contentAtLeast']) ?? DEFAULTS.protect.contentAtLeast;
    return floor !== DEFAULTS.protect.contentAtLeast ? [{ path: [...path, 'contentAtLeast'], text }] : [];
  });
}

/** What a rule does not say, protect says. */
function tripleWrapFaults(value: PlainValue): CrossFault[] {
  const rules = valueAt(value, ['rules']);
  const sections: KeyPath[] = [
    ['protect'],
    ...(Array.isArray(rules) ? [...rules.keys()].map((index): KeyPath => ['rules', index, 'protect']) : []),
  ];
  return sections.flatMap((section) => {
    const path = [...section, 'tripleWrap'];
    const sign = valueAt(value, [...section, 'sign']) ?? valueAt(value, ['protect', 'sign']);
    const text = 'is on, but with sign: none nothing is signed; set sign to auto, opaque or detached';
    return valueAt(value, path) === 'on' && sign === 'none' ? [{ path, text }] : [];
  });
}

function isPresent(value: PlainValue, path: KeyPath): boolean {
  return valueAt(value, path) !== undefined;
}

function isEmptyMap(value: PlainValue | undefined): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}
