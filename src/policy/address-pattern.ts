import { domainToASCII } from 'node:url';
import { matchesGlob } from './glob.js';

/**
 * Does `address` (an addr-spec) match `pattern`: an address, or one with `*` in it (`*@partner.example`,
 * `*@*.partner.example`), or `*` for all? The local part is compared exactly, the domain without regard to case and as
 * A-labels (RFC 5321 §2.4, RFC 5890).
 */
export function matchesAddress(pattern: string, address: string): boolean {
  if (pattern === '*') return true;
  const wanted = split(pattern);
  const given = split(address);
  if (wanted === undefined || given === undefined) return false;
  return matchesGlob(asciiDomain(wanted.domain), asciiDomain(given.domain)) && matchesGlob(wanted.localPart, given.localPart);
}

/** Why `pattern` could never match an address, and what to write instead; undefined when it is well-formed. */
export function addressPatternFault(pattern: string): string | undefined {
  if (pattern === '*') return undefined;
  if (/[\s\x00-\x1f\x7f<>,;]/.test(pattern)) return 'an address pattern has no blanks, commas or angle brackets; write the address alone';
  const parts = split(pattern);
  if (parts === undefined) return `an address pattern has an @; write *@${pattern || 'partner.example'} for every address there`;
  if (parts.localPart === '' || parts.domain === '')
    return 'an address pattern has something on both sides of its @; write * for everything';
  if (parts.domain === '*' || /^\[[0-9a-z:.]+\]$/i.test(parts.domain) || parts.domain.split('.').every(isDomainLabel)) return undefined;
  return 'what follows the @ is not a domain; write for example *@partner.example or *@*.partner.example';
}

/** The last @ divides: a quoted local part may hold another, a domain never does. */
function split(address: string): { localPart: string; domain: string } | undefined {
  const at = address.lastIndexOf('@');
  return at < 0 ? undefined : { localPart: address.slice(0, at), domain: address.slice(at + 1) };
}

function asciiDomain(domain: string): string {
  if (!/[^\x00-\x7f]/.test(domain)) return domain.toLowerCase();
  return domain
    .split('.')
    .map((label) => (/[^\x00-\x7f]/.test(label) ? domainToASCII(label) : label.toLowerCase()))
    .join('.');
}

function isDomainLabel(label: string): boolean {
  if (/[^\x00-\x7f]/.test(label)) return !label.includes('*') && domainToASCII(label) !== '';
  return /^[a-z0-9_*]([a-z0-9_*-]*[a-z0-9_*])?$/i.test(label);
}
