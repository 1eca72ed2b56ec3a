import { isIPv6 } from 'node:net';
import { z } from 'zod';
import { addressPatternFault } from '../policy/address-pattern.js';
import type { SenderBinding } from '../policy/senders.js';
import { isTransportWord } from '../policy/transport.js';
import { isNeededOutside } from '../smime/header-protection/field-kinds.js';
import { durationWords, parseDuration, parseSize, sizeWords } from './sizes.js';

// The kinds of values a setting can have. Each message reads "what is wrong; what to do".

/** A section: keys indented beneath it. Nothing beneath it (all commented out) means its defaults. */
export function section<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.preprocess((value) => value ?? {}, z.strictObject(shape));
}

export function path() {
  return text('must be a path; write an absolute path, or one relative to this file').superRefine((value, context) => {
    if (value === '') context.addIssue('the path is empty; write an absolute path, or one relative to this file');
    else if (value === '~' || value.startsWith('~/')) context.addIssue('~ is not expanded here; write the whole path');
    else if (/[\x00-\x1f\x7f]/.test(value)) context.addIssue('a control character stands in the path; write it without');
  });
}

export function size(minimumBytes: number, maximumBytes: number) {
  const wrong = `must be a size from ${sizeWords(minimumBytes)} to ${sizeWords(maximumBytes)}; write for example 100MiB, 512KiB or a number of bytes`;
  return measure(parseSize, minimumBytes, maximumBytes, wrong);
}

export function duration(minimumMs: number, maximumMs: number) {
  const wrong = `must be a time from ${durationWords(minimumMs)} to ${durationWords(maximumMs)}; write for example 30s, 12h, 5d or a number of milliseconds`;
  return measure(parseDuration, minimumMs, maximumMs, wrong);
}

export function integer(
  minimum: number,
  maximum: number,
  error = `must be a whole number from ${minimum} to ${maximum}; write it in digits, without quotes`,
) {
  return z.number({ error }).refine((value) => Number.isInteger(value) && value >= minimum && value <= maximum, { error });
}

export function hostName() {
  return text('must be a host name or IP address; write for example mail.example.com').superRefine((value, context) => {
    if (!isHostName(value)) context.addIssue('is not a host name or IP address; write it alone, without port, user or password');
  });
}

/** A colon only in an IPv6 address, or a port would be looked up as a part of the name. */
export function isHostName(value: string): boolean {
  return /^[a-z0-9._-]{1,255}$/i.test(value) || isIPv6(value);
}

/** A server, `host` or `host:port`; an IPv6 address with a port in brackets. */
export function hostAndPort() {
  const error = 'is not a host name with or without a port; write for example mail.example.com or "mail.example.com:2525"';
  return z.string({ error }).transform((value, context): { host: string; port?: number } => {
    const [, bracketed, plain, digits] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]{1,255}))(?::(\d{1,5}))?$/i.exec(value) ?? [];
    const host = bracketed ?? plain ?? (isIPv6(value) ? value : undefined);
    const port = digits === undefined ? undefined : Number(digits);
    if (host !== undefined && (port === undefined || (port >= 1 && port <= 65_535))) return port === undefined ? { host } : { host, port };
    context.addIssue(error);
    return z.NEVER;
  });
}

/** SHA-256 of a certificate in hexadecimal, with or without colons; lower case and without them in what is read. */
export function fingerprint() {
  const error = 'is not a SHA-256 fingerprint; write its 64 hexadecimal digits in quotes, with or without colons';
  return z.string({ error }).transform((value, context) => {
    const digits = value.replaceAll(':', '').toLowerCase();
    if (/^[0-9a-f]{64}$/.test(digits)) return digits;
    context.addIssue(error);
    return z.NEVER;
  });
}

/** The host of an HTTPS API, with a port if it has another; `http://` before it only for this machine, for the key would travel in clear. */
export function apiHost() {
  return text('must be a host name; write for example api.sparkpost.com').superRefine((value, context) => {
    if (!isApiHost(value)) context.addIssue('is not the name of an HTTPS host; write it alone, for example api.eu.sparkpost.com');
  });
}

export function isApiHost(value: string): boolean {
  const form = /^(?:(?:https:\/\/)?[a-z0-9.-]{1,255}(?::\d{1,5})?|http:\/\/(?:localhost|127\.\d+\.\d+\.\d+)(?::\d{1,5})?)\/?$/i;
  return form.test(value) && URL.canParse(/^https?:/i.test(value) ? value : `https://${value}`);
}

/** `http://host:port` or `https://host:port`, without path, user and password. */
export function httpUrl() {
  const error = 'must be an address such as http://127.0.0.1:8000; write scheme, host and port alone';
  return z.string({ error }).superRefine((value, context) => {
    // URL also takes blanks before it, backslashes and a missing slash.
    const url = /^https?:\/\/[^\s\\]+$/i.test(value) && URL.canParse(value) ? new URL(value) : undefined;
    const bare =
      url !== undefined && url.username === '' && url.password === '' && url.pathname === '/' && url.search === '' && url.hash === '';
    if (!bare) context.addIssue(error);
  });
}

/** `http://…` or `https://…` with a path, without user and password. */
export function serviceUrl() {
  const error = 'must be an address such as https://tsa.example.com/tsr; write it without user and password';
  return z.string({ error }).superRefine((value, context) => {
    const url = /^https?:\/\/[^\s\\]+$/i.test(value) && URL.canParse(value) ? new URL(value) : undefined;
    if (url === undefined || url.username !== '' || url.password !== '' || url.hash !== '') context.addIssue(error);
  });
}

export function userName() {
  return z
    .string({ error: 'must be a text; write the user name, in quotes if it is a number' })
    .min(1, { error: 'is empty; leave the key out to send without logging in' });
}

/** `host:port`, or `off` (null). */
export function listenAddress() {
  const error = 'must be an address with port, or off; write for example 127.0.0.1:8470 or [::1]:8470';
  return z.union([z.string(), z.literal(false)], { error }).transform((value, context) => {
    if (value === 'off' || value === false) return null;
    const [, bracketed, plain, port] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+)):(\d{1,5})$/i.exec(value) ?? [];
    const host = bracketed ?? plain;
    if (host !== undefined && Number(port) <= 65_535) return { host, port: Number(port) };
    context.addIssue(error);
    return z.NEVER;
  });
}

export function unixName() {
  const error = 'must be the name of a unix user or group; write it as "getent" shows it';
  return z.union([z.string(), z.number()], { error }).transform((value, context) => {
    if (/^(?:[a-z_][a-z0-9_.-]{0,31}\$?|\d{1,10})$/i.test(String(value))) return String(value);
    context.addIssue(error);
    return z.NEVER;
  });
}

/** One word for the MTA: a job or a virtual MTA. */
export function transportWord() {
  const error = 'must be one word of at most 100 printable ASCII characters; write it without blanks';
  return z.string({ error }).refine(isTransportWord, { error });
}

/** One address pattern or a list of them. */
export function addressPatterns() {
  const pattern = text('must be an address pattern; write for example "*@partner.example"').superRefine((value, context) => {
    const fault = addressPatternFault(value);
    if (fault !== undefined) context.addIssue(fault);
  });
  return oneOrMore(pattern, 'must be an address pattern or a list of them; leave the key out to match every address');
}

/** One item or a non-empty list of them. */
function oneOrMore<Item extends z.ZodType>(item: Item, error: string) {
  return z.preprocess(
    (value) => (Array.isArray(value) || value === null || value === undefined ? value : [value]),
    z.array(item, { error }).min(1, { error }),
  );
}

/** A setting that can be switched off: `off` (null), which YAML 1.1 reads as false. The inner kind's words have to name it. */
export function orOff<Inner extends z.ZodType<number>>(inner: Inner) {
  return z.preprocess((value) => (value === 'off' || value === false ? null : value), inner.nullable());
}

/** A size to be kept free, `auto`, or `off` (null). */
export function minFree() {
  const error = 'must be auto, off or a size up to 1024TiB; write for example 10GiB';
  return z.union([z.string(), z.number(), z.literal(false)], { error }).transform((value, context): number | 'auto' | null => {
    if (value === 'auto') return 'auto';
    if (value === 'off' || value === false) return null;
    const bytes = parseSize(value);
    if (bytes !== undefined && bytes <= 1024 ** 5) return bytes;
    context.addIssue(error);
    return z.NEVER;
  });
}

/** A number of worker threads, or `auto`. */
export function workerCount(maximum: number) {
  const error = `must be auto or a whole number from 1 to ${maximum}; auto goes by the processors`;
  return z.union([z.literal('auto'), integer(1, maximum, error)], { error });
}

/** Address patterns with the unix users or groups who may send as what they match. */
export function senderBindings() {
  const names = oneOrMore(unixName(), 'must be the name of a unix user or group, or a list of them; write for example [billing]');
  const error =
    'must be a section of address patterns, each with a list of unix users or groups; write for example "*@billing.example": [billing]';
  return z
    .record(z.string(), names, { error })
    .superRefine((bindings, context) => {
      for (const pattern of Object.keys(bindings)) {
        const fault = addressPatternFault(pattern);
        if (fault !== undefined) context.addIssue({ code: 'custom', path: [pattern], message: fault });
      }
    })
    .transform((bindings): SenderBinding[] => Object.entries(bindings).map(([pattern, allowed]) => ({ pattern, allowed })));
}

/** Header field names with a glob for the value each. */
export function headerPatterns() {
  const error = 'must be a section of header names with a text each; write for example "x-sealdrop-class: confidential"';
  const value = z.union([z.string(), z.number(), z.boolean()], { error: 'must be a text to compare with; * stands for anything' });
  return z.record(z.string(), value.transform(String), { error }).superRefine((headers, context) => {
    const names = Object.keys(headers);
    if (names.length === 0) context.addIssue(error);
    for (const name of names) {
      if (/^[!-9;-~]+$/.test(name)) continue;
      context.addIssue({ code: 'custom', path: [name], message: 'is not the name of a header field; write it without blanks and colon' });
    }
  });
}

/** Names of header fields that can be taken from the outside of a message; without some it could not be sent or answered. */
export function fieldNames() {
  const error = 'must be a list of names of header fields; write for example [X-Case-Number]';
  const name = z.string({ error }).superRefine((value, context) => {
    if (!/^[!-9;-~]{1,100}$/.test(value)) context.addIssue('is not the name of a header field; write it without blanks and colon');
    else if (isNeededOutside(value)) context.addIssue('has to stand outside, or the mail could not be delivered; leave it out of the list');
  });
  return z.array(name, { error }).max(100, { error });
}

/** A character encoding a text without a label is taken to be in: one that has ASCII as its lower half. */
export function charset() {
  const error = 'is not a known character encoding; write for example windows-1252 or iso-8859-15';
  return z.string({ error }).refine((label) => decodesAscii(label), { error });
}

function decodesAscii(label: string): boolean {
  try {
    return new TextDecoder(label, { fatal: true }).decode(Buffer.from('Az09~')) === 'Az09~';
  } catch {
    return false;
  }
}

function text(error: string) {
  return z.string({ error });
}

function measure(parse: (value: string | number) => number | undefined, minimum: number, maximum: number, error: string) {
  return z.union([z.string(), z.number()], { error }).transform((value, context) => {
    const amount = parse(value);
    if (amount !== undefined && amount >= minimum && amount <= maximum) return amount;
    context.addIssue(error);
    return z.NEVER;
  });
}
