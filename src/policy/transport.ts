import { SealdropError } from '../errors.js';
import type { ControlField } from '../message/control.js';
import type { Way } from '../way.js';
import type { Rule } from './rule.js';

/** What the MTA is told about a copy besides its envelope. */
export interface CopyTransport {
  job?: string;
  virtualMta?: string;
  dkimOptions?: string;
  /** The submitted envelope id; absent when the message's own id is to be used. */
  envid?: string;
  /** The submitted X-MSYS-API value, for a server that understands it: tracking is switched off in it when it is sent. */
  msysApi?: string;
}

export interface ControlPolicy {
  /** Lower-case names of the submitted control headers that may come back. */
  readonly pass: readonly string[];
  readonly envid: 'own' | 'submitted';
  /** The SMTP server takes X-MSYS-API for itself and lets nobody see it. */
  readonly msysApi: boolean;
}

export interface Transport {
  readonly transport: CopyTransport;
  /** Names of the submitted control headers that speak through it. */
  readonly passed: readonly string[];
}

/**
 * What a copy tells the MTA: the rule's own words first, then the submitted control headers that `policy` passes. Only
 * pickup passes them: by SMTP they would travel on to the recipients, but for X-MSYS-API at servers that know it. Throws `bad-control-header` (quarantine) for one that
 * would be passed and is not well-formed: mail sent the wrong way is worse than mail held.
 */
export function transportOf(rule: Rule | null, via: Way, control: readonly ControlField[], policy: ControlPolicy): Transport {
  const transport: CopyTransport = {};
  const passed: string[] = [];
  for (const passable of PASSABLE) {
    const { name, member } = passable;
    const ruled = member === 'job' || member === 'virtualMta' ? rule?.delivery?.[member] : undefined;
    const mayPass = via === 'pickup' ? passesInPickup(passable, policy) : via === 'smtp' && member === 'msysApi' && policy.msysApi;
    const submitted = ruled === undefined && mayPass ? submittedValue(passable, control) : undefined;
    if (submitted !== undefined) passed.push(name);
    const value = ruled ?? submitted;
    if (value !== undefined) transport[member] = value;
  }
  return { transport, passed };
}

function passesInPickup({ name, member }: Passable, policy: ControlPolicy): boolean {
  if (member === 'msysApi') return false;
  return member === 'envid' ? policy.envid === 'submitted' : policy.pass.includes(name);
}

/** The submitted control headers that no copy carries, each name once; not `x-sealdrop-*`, which are input to the rules. */
export function droppedNames(control: readonly ControlField[], passed: ReadonlySet<string>): string[] {
  const names = new Set(control.map(({ name }) => name));
  return [...names].filter((name) => !name.startsWith('x-sealdrop-') && !passed.has(name));
}

/** One word of printable ASCII: what PowerMTA takes for a job or a virtual MTA (User's Guide 3.3.7.45), and RFC 3461 §4.4 for an envelope id. */
export function isTransportWord(value: string): boolean {
  return /^[!-~]{1,100}$/.test(value);
}

interface Passable {
  readonly name: string;
  readonly member: keyof CopyTransport;
  /** The value as it is passed on; undefined when it is not well-formed. */
  readonly read: (value: string) => string | undefined;
  readonly syntax: string;
}

const WORD = {
  read: (value: string) => (isTransportWord(value) ? value : undefined),
  syntax: 'must be one word of at most 100 printable ASCII characters',
};

const PASSABLE: readonly Passable[] = [
  { name: 'x-job', member: 'job', ...WORD },
  { name: 'x-virtual-mta', member: 'virtualMta', ...WORD },
  {
    name: 'x-dkim-options',
    member: 'dkimOptions',
    read: dkimOptions,
    syntax: 'may hold only the tags s=, d=, i=, q= and key-list=, each once, divided by semicolons',
  },
  { name: 'x-envid', member: 'envid', ...WORD },
  { name: 'x-msys-api', member: 'msysApi', read: (value) => value, syntax: '' },
];

/** Semicolon-separated tags, each once, of those PowerMTA knows (User's Guide 10.6.3); written back without blanks. */
function dkimOptions(value: string): string | undefined {
  const tags = value
    .replace(/;\s*$/, '')
    .split(';')
    .map((tag) => tag.trim().replace(/^([a-z-]+) *= */, '$1='));
  const names = tags.map((tag) => /^(s|d|i|q|key-list)=[!-:<-~]{1,200}$/.exec(tag)?.[1]);
  return names.includes(undefined) || new Set(names).size < names.length ? undefined : tags.join(';');
}

function submittedValue({ name, read, syntax }: Passable, control: readonly ControlField[]): string | undefined {
  const values = control.filter((field) => field.name === name).map((field) => field.value.trim());
  const [submitted, ...others] = new Set(values.filter((value) => value !== '')); // an empty one says nothing
  if (submitted === undefined) return undefined;
  if (others.length > 0) throw badControlHeader(name, 'stands there more than once, with different values');
  const value = read(submitted);
  if (value === undefined) throw badControlHeader(name, syntax);
  return value;
}

function badControlHeader(name: string, problem: string): SealdropError {
  const setting = name === 'x-envid' ? 'set delivery.pickup.envid to own' : `take ${name} out of delivery.pickup.pass`;
  return new SealdropError('bad-control-header', `The submitted header ${name} ${problem}.`, {
    disposition: 'quarantine',
    cure: `Let the submitting program write ${name} correctly, or ${setting}, then run "sealdrop queue retry".`,
  });
}
