import { decodeOctets, fieldsNamed, type HeaderField, isNamed, rawValue } from '../../message/field.js';
import { findHeader } from '../../message/message-start.js';
import type { MimeNode } from '../../message/mime-tree.js';
import type { Layer } from '../read/layer.js';
import { HP } from './content-type-parameters.js';
import { isSingular, isStructural, isTrace } from './field-kinds.js';

/**
 * What protects a field (RFC 9788 §4.3). A signature counts only if it is valid, by the protected From, and inside all
 * encryption; a field is encrypted if it does not stand outside as it does inside.
 */
export type FieldProtection = 'signed-and-encrypted' | 'signed-only' | 'encrypted-only' | 'unprotected';

export interface ProtectedField {
  readonly name: string;
  /** Unfolded; encoded words (RFC 2047) as they are. */
  readonly value: string;
  readonly protection: FieldProtection;
}

/** The protected header of a message (RFC 9788). */
export interface HeaderProtection {
  /** What the sender says: `cipher`, that it was encrypted and hides something; `clear`, that it was only signed. */
  readonly hp: 'clear' | 'cipher';
  readonly fields: readonly ProtectedField[];
  /** HP-Outer: what the sender says that it left outside. */
  readonly outer: readonly { readonly name: string; readonly value: string }[];
  /** Names of fields that stand outside only: nothing protects them. */
  readonly unprotected: readonly string[];
  /** Names of fields that do not stand outside as the sender left them there. */
  readonly altered: readonly string[];
  /** What makes it impossible to say what the header is; the message is not `ok`. */
  readonly faults: readonly string[];
  readonly notes: readonly string[];
}

/** The cryptographic payload's header section as written. */
export interface PayloadHeader {
  readonly hp: 'clear' | 'cipher';
  /** Its non-structural fields but HP-Outer. */
  readonly inside: readonly HeaderField[];
  readonly outer: readonly { readonly name: string; readonly value: string }[];
}

/**
 * The protected header of the innermost entity, if that stands within a signature or encryption and says that it has
 * one. `hp` anywhere else, in a part of the message or a message that is neither signed nor encrypted, means nothing
 * (RFC 9788 §4.1). Nor does it after lines that are no fields: what somebody signed was then perhaps a text, and not a
 * header.
 */
export function payloadHeader(entity: Buffer, node: MimeNode, layers: readonly Pick<Layer, 'kind'>[]): PayloadHeader | undefined {
  const hp = node.parameters.get(HP)?.trim().toLowerCase();
  if ((hp !== 'clear' && hp !== 'cipher') || !layers.some(({ kind }) => kind === 'signed' || kind === 'encrypted')) return undefined;
  const { start, strayLines, blankLines, overflowed } = findHeader(entity);
  if (start !== 0 || strayLines.length > 0 || blankLines.length > 0 || overflowed) return undefined;
  const fields = node.fields.filter((field) => !isStructural(field));
  // §2.2: only beside `cipher` has HP-Outer a meaning.
  const outer = hp === 'clear' ? [] : fieldsNamed(fields, 'HP-Outer').flatMap(recorded);
  return { hp, inside: fields.filter((field) => !isNamed(field, 'HP-Outer')), outer };
}

/** Judges such a header against the layers it was in and the header around the message. */
export function judgeHeader(header: PayloadHeader, outside: readonly HeaderField[], layers: readonly Layer[]): HeaderProtection {
  const { hp, outer } = header;
  const signed = isSigned(layers);
  const encrypted = layers.some(({ kind }) => kind === 'encrypted');
  const inside = header.inside.map(named);
  const around = outside.filter((field) => !isStructural(field) && !isTrace(field) && !isNamed(field, 'HP-Outer')).map(named);
  const [protectedValues, recordedValues, aroundValues] = [inside, outer, around].map(valuesByName) as [Values, Values, Values];
  const left = new Set(outer.map(sameKey));
  const isHidden = (field: NamedValue) => hp === 'cipher' && encrypted && !left.has(sameKey(field));
  const expected = hp === 'clear' ? protectedValues : recordedValues;
  return {
    hp,
    fields: inside.map((field) => ({ ...field, protection: protectionOf(signed, isHidden(field)) })),
    outer,
    unprotected: namesOf(around).filter((name) => !protectedValues.has(name.toLowerCase())),
    altered: namesOf(inside).filter((name) => !sameValues(expected.get(name.toLowerCase()), aroundValues.get(name.toLowerCase()))),
    faults: duplicateFaults(header.inside, protectedValues),
    notes: notesOn(hp, signed, encrypted),
  };
}

/**
 * Whether a signature vouches for what is innermost: outside of encryption it may be by somebody who never saw the
 * content.
 */
export function isSigned(layers: readonly Layer[]): boolean {
  const innermostEncryption = layers.findLastIndex(({ kind }) => kind === 'encrypted');
  return layers.some(({ kind, verdict }, index) => kind === 'signed' && verdict === 'valid' && index > innermostEncryption);
}

function recorded(field: HeaderField): { name: string; value: string }[] {
  const [, name, value] = /^([!-9;-~]+)[ \t]*:[ \t]*(.*)$/s.exec(decodeOctets(rawValue(field))) ?? [];
  return name === undefined || value === undefined || isStructural({ name }) ? [] : [{ name, value }];
}

function notesOn(hp: 'clear' | 'cipher', signed: boolean, encrypted: boolean): string[] {
  const notes: string[] = [];
  if (!signed) notes.push('no valid signature covers the protected header: who wrote it is not proven');
  if (hp === 'cipher' && !encrypted) notes.push('the sender encrypted this message, but it arrived without encryption');
  if (hp === 'clear' && encrypted)
    notes.push('the sender only signed this message; somebody encrypted it afterwards, and nothing in its header was confidential');
  return notes;
}

/** With two different ones inside, programs differ on which of them counts. */
function duplicateFaults(inside: readonly HeaderField[], values: Values): string[] {
  const singular = namesOf(inside.filter(isSingular));
  const twice = singular.filter((name) => new Set(values.get(name.toLowerCase())).size > 1);
  return twice.map((name) => `the protected header has more than one ${name} field`);
}

function protectionOf(signed: boolean, hidden: boolean): FieldProtection {
  if (signed) return hidden ? 'signed-and-encrypted' : 'signed-only';
  return hidden ? 'encrypted-only' : 'unprotected';
}

interface NamedValue {
  readonly name: string;
  readonly value: string;
}

/** Normalised values by lower-case name: a header may have very many fields. */
type Values = ReadonlyMap<string, readonly string[]>;

function named(field: HeaderField): NamedValue {
  return { name: field.name, value: decodeOctets(rawValue(field)) };
}

/** Equal for fields of the same name and value. */
function sameKey({ name, value }: NamedValue): string {
  return `${name.toLowerCase()}:${normalised(value)}`;
}

function valuesByName(fields: readonly NamedValue[]): Values {
  const values = new Map<string, string[]>();
  for (const { name, value } of fields) {
    const known = values.get(name.toLowerCase());
    if (known === undefined) values.set(name.toLowerCase(), [normalised(value)]);
    else known.push(normalised(value));
  }
  return values;
}

function sameValues(one: readonly string[] = [], other: readonly string[] = []): boolean {
  return one.length === other.length && JSON.stringify(one.toSorted()) === JSON.stringify(other.toSorted());
}

/** Folding, and the amount of blanks, may change on the way. */
function normalised(value: string): string {
  return value.replace(/[ \t]+/g, ' ').trim();
}

/** The first spelling of each. */
function namesOf(fields: readonly { readonly name: string }[]): string[] {
  const names = new Map<string, string>();
  for (const { name } of fields) if (!names.has(name.toLowerCase())) names.set(name.toLowerCase(), name);
  return [...names.values()];
}
