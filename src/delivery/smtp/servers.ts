import { lookup as lookUpAddresses, Resolver } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import { SealdropError } from '../../errors.js';
import { printable } from '../printable.js';

export interface SmtpServer {
  /** Name or IP address. */
  readonly host: string;
  readonly port: number;
}

/** One address that a connection can be opened to. */
export interface SmtpTarget {
  /** For people: host and port, and the address where the host has several. */
  readonly label: string;
  /** The host, or the mail exchanger that was looked up for it. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** One of several addresses of this machine: whether this very one serves is no news. */
  readonly twin: boolean;
}

/** `fault` undefined: this server serves again. */
export type ServerReport = (label: string, fault: SealdropError | undefined) => void;

/** Looks names up. Both reject with the errors of node:dns. */
export interface Names {
  addresses(name: string): Promise<string[]>;
  exchanges(name: string): Promise<{ exchange: string; priority: number }[]>;
}

/** Addresses as the system sees them, /etc/hosts included; mail exchangers by DNS. */
export const systemNames: Names = {
  addresses: async (name) => (await lookUpAddresses(name, { all: true })).map(({ address }) => address),
  exchanges: (name) => new Resolver({ timeout: 5000, tries: 2 }).resolveMx(name),
};

export interface ServerListOptions {
  readonly servers: readonly SmtpServer[];
  readonly lookup: 'a' | 'mx';
  readonly lookUpMs: number;
  readonly hostPauseMs: number;
  readonly names: Names;
  readonly report: ServerReport;
  readonly now: () => number;
}

/**
 * The servers of a delivery in the order in which they are to be tried: as configured, exchangers by their preference, the addresses of
 * one name in turn. One that failed comes after all others for a while, and is told of while there are others.
 */
export class ServerList {
  readonly #options: ServerListOptions;
  readonly #failed = new Map<string, { untilMs: number; fault: SealdropError }>();
  #told = new Set<string>();
  #turn = 0;

  constructor(options: ServerListOptions) {
    this.#options = options;
  }

  /** At least one. Throws `smtp-unavailable` (wait) when none has an address. */
  async targets(): Promise<SmtpTarget[]> {
    const { servers, now } = this.#options;
    this.#turn += 1;
    const faults: SealdropError[] = [];
    const found: SmtpTarget[] = [];
    for (const server of servers) {
      try {
        found.push(...(await this.#targetsOf(server)));
      } catch (error) {
        const fault = notFound(server, error);
        faults.push(fault);
        this.#failed.set(labelOf(server.host, server.port), { untilMs: now() + this.#options.hostPauseMs, fault });
      }
    }
    if (found.length === 0) throw allFailed(faults);
    const labels = [...found.map(({ label }) => label), ...servers.map(({ host, port }) => labelOf(host, port))];
    for (const label of this.#failed.keys()) if (!labels.includes(label)) this.#failed.delete(label);
    this.#tell(found.length + faults.length > 1);
    const paused = ({ label }: SmtpTarget) => (this.#failed.get(label)?.untilMs ?? 0) > now();
    return [...found.filter((target) => !paused(target)), ...found.filter(paused)];
  }

  failed({ label, twin }: SmtpTarget, fault: SealdropError): void {
    if (!twin) this.#failed.set(label, { untilMs: this.#options.now() + this.#options.hostPauseMs, fault });
  }

  served({ label }: SmtpTarget): void {
    this.#failed.delete(label);
    // Those whose time is over were not even needed: the ones that come before this one have just been tried.
    for (const [other, { untilMs }] of this.#failed) if (untilMs <= this.#options.now()) this.#failed.delete(other);
    this.#tell(true);
  }

  #tell(amongOthers: boolean): void {
    const failing = amongOthers ? this.#failed : new Map<string, { fault: SealdropError }>();
    for (const label of this.#told) if (!failing.has(label)) this.#options.report(label, undefined);
    for (const [label, { fault }] of failing) this.#options.report(label, fault);
    this.#told = new Set(failing.keys());
  }

  async #targetsOf({ host, port }: SmtpServer): Promise<SmtpTarget[]> {
    const names = this.#options.lookup === 'mx' && isIP(host) === 0 ? await this.#exchangers(host) : [host];
    const targets: SmtpTarget[] = [];
    let fault: unknown;
    for (const name of names) {
      try {
        targets.push(...(await this.#addressesOf(name)).map((address, _, all) => target(name, port, address, all.length)));
      } catch (error) {
        fault = error;
      }
    }
    if (targets.length === 0) throw fault;
    return targets;
  }

  /** RFC 5321 §5.1: the lowest preference first, equals in turn; a name without exchangers is its own. RFC 7505: `.` takes no mail. */
  async #exchangers(host: string): Promise<string[]> {
    const records = await this.#inTime(this.#options.names.exchanges(host)).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENODATA') return [];
      throw error;
    });
    if (records.length === 0) return [host];
    if (records.every(({ exchange }) => exchange === '' || exchange === '.')) throw new Error('its MX record says that it takes no mail');
    const preferences = [...new Set(records.map(({ priority }) => priority))].sort((a, b) => a - b);
    return preferences.flatMap((preference) =>
      this.#inTurn(records.filter(({ priority }) => priority === preference).map(({ exchange }) => exchange)),
    );
  }

  async #addressesOf(name: string): Promise<string[]> {
    if (isIP(name) !== 0) return [name];
    const addresses = await this.#inTime(this.#options.names.addresses(name));
    // The two addresses of this machine lead to the same server, which often listens at one of them only.
    return addresses.every(isLoopback) ? addresses : this.#inTurn(addresses);
  }

  #inTurn<T>(items: readonly T[]): T[] {
    const start = items.length === 0 ? 0 : this.#turn % items.length;
    return [...items.slice(start), ...items.slice(0, start)];
  }

  async #inTime<T>(answer: Promise<T>): Promise<T> {
    const abort = new AbortController();
    const limit = after(this.#options.lookUpMs, undefined, { signal: abort.signal, ref: false }).then(() => {
      throw new Error('the look-up took too long');
    });
    try {
      return await Promise.race([answer, limit]);
    } finally {
      abort.abort();
      limit.catch(() => {}); // Aborted, or lost the race: nobody waits for it any more.
    }
  }
}

/** Several servers, and why each of them cannot take mail now (wait). One fault is thrown as it is. */
export function allFailed(faults: readonly SealdropError[]): SealdropError {
  const [first, ...others] = faults;
  if (first !== undefined && others.length === 0) return first;
  return new SealdropError('smtp-unavailable', `None of the servers can take mail now. ${faults.map(({ message }) => message).join(' ')}`, {
    disposition: 'wait',
    cure: [...new Set(faults.map(({ cure }) => cure))].join(' '),
    cause: first,
  });
}

/** 127.0.0.0/8 and ::1 (RFC 1122, RFC 4291): what is sent there does not leave this machine. */
export function isLoopback(address: string): boolean {
  return /^127(?:\.\d{1,3}){3}$/.test(address) || address === '::1';
}

function target(name: string, port: number, address: string, count: number): SmtpTarget {
  const label = labelOf(name, port);
  const twin = count > 1 && isLoopback(address);
  return { label: count === 1 ? label : `${label} (${address})`, name, address, port, twin };
}

function labelOf(host: string, port: number): string {
  return `${isIPv6(host) ? `[${host}]` : printable(host)}:${port}`;
}

function notFound({ host, port }: SmtpServer, cause: unknown): SealdropError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new SealdropError('smtp-unavailable', `${labelOf(host, port)} cannot take mail now: ${printable(why)}.`, {
    disposition: 'wait',
    cure: 'Check the name of the server, and that this machine can look names up. Mail waits and goes on by itself.',
    cause,
  });
}
