import { parseParameterised } from '../../message/content-type.js';
import { decodeOctets, type HeaderField, makeField, rawValue } from '../../message/field.js';
import { foldField } from '../../message/fold.js';
import { encodeParameters } from '../../message/parameter.js';

export const HP = 'hp';
export const HP_LEGACY_DISPLAY = 'hp-legacy-display';

/** Whether a Content-Type says, or to some reader may say, anything of header protection. */
export function mayClaimProtection(field: HeaderField): boolean {
  const raw = rawValue(field);
  if (!CLAIM.test(raw)) return false;
  return !STRICT.test(raw) || (parseParameterised(raw)?.parameters.some(([name]) => isProtectionName(name)) ?? true);
}

/**
 * A Content-Type with parameters put in; nothing else in it changes. They come first: where a name is given twice, or
 * something unreadable follows, most readers keep to what they read first. Undefined when it has no readable type.
 */
export function withParameters(
  field: HeaderField,
  parameters: readonly (readonly [name: string, value: string])[],
): HeaderField | undefined {
  const text = field.raw.toString('latin1');
  const head = TYPE.exec(text)?.[0];
  if (head === undefined) return rewritten(field, ({ value, parameters: others }) => ({ value, parameters: [...parameters, ...others] }));
  const added = parameters.map(([name, value]) => `;\r\n ${name}="${value}"`).join('');
  return { name: field.name, raw: Buffer.from(`${head}${added}${text.slice(head.length)}`, 'latin1') };
}

/**
 * A Content-Type without `hp` and `hp-legacy-display`, also in the forms of RFC 2231. The field itself when it has
 * neither; `text/plain` when it has no readable type (RFC 2045 §5.2).
 */
export function withoutProtection(field: HeaderField): HeaderField {
  if (!mayClaimProtection(field)) return field;
  const wanted = withoutNames(rawValue(field));
  const text = field.raw.toString('latin1').replace(AS_WRITTEN_HERE, '');
  const cut = { name: field.name, raw: Buffer.from(text, 'latin1') };
  if (wanted !== undefined && !mayClaimProtection(cut) && sameMeaning(rawValue(cut), wanted)) return cut;
  return (
    rewritten(field, ({ value, parameters }) => ({ value, parameters: parameters.filter(([name]) => !isProtectionName(name)) })) ??
    unreadable(field)
  );
}

/** What programs take a Content-Type for that they cannot read (RFC 2045 §5.2). */
export function unreadable({ name }: HeaderField): HeaderField {
  return makeField(name, 'text/plain');
}

/** A Content-Type with one parameter's value replaced or added. */
export function withParameterSet(field: HeaderField, name: string, text: string): HeaderField | undefined {
  return rewritten(field, ({ value, parameters }) => ({
    value,
    parameters: [...parameters.filter(([each]) => baseName(each) !== name), [name, text] as const],
  }));
}

/** Either name as a word of its own, wherever it stands: readers differ on what they take for a parameter. */
const CLAIM = /(?<![\w!#$%&'+.^`{|}~-])hp(?:-legacy-display)?(?![\w!#$%&'+.^`{|}~-])/i;

/** What every reader splits into the same parameters (RFC 2045 §5.1, without quoted pairs and comments). */
const STRICT = /^[^\s;"(),/=]+\/[^\s;"(),/=]+(?:[ \t]*;[ \t]*[^\s;"(),/=]+=(?:[^\s;"(),/=]+|"[^"\\]*"))*[ \t]*$/;

type Parameterised = NonNullable<ReturnType<typeof parseParameterised>>;

/** Up to the subtype, where parameters may follow. */
const TYPE = /^content-type:(?:[ \t]|\r\n[ \t])*[!#$%&'*+\-.^_`{|}~\w]+\/[!#$%&'*+\-.^_`{|}~\w]+(?=[ \t\r;])/i;
const AS_WRITTEN_HERE = /;(?:[ \t]|\r\n[ \t])*hp(?:-legacy-display)?="?(?:clear|cipher|1)"?(?=[; \t\r])/gi;

function isProtectionName(name: string): boolean {
  return baseName(name) === HP || baseName(name) === HP_LEGACY_DISPLAY;
}

/** Of `hp*0*`: `hp`. */
function baseName(name: string): string {
  return name.replace(/\*.*$/, '').toLowerCase();
}

function withoutNames(raw: string): Parameterised | undefined {
  const parsed = parseParameterised(raw);
  return parsed && { value: parsed.value, parameters: parsed.parameters.filter(([name]) => !isProtectionName(name)) };
}

function sameMeaning(raw: string, wanted: Parameterised): boolean {
  return JSON.stringify(parseParameterised(raw)) === JSON.stringify(wanted);
}

/** Written anew from what was understood of it: what was not is left out. */
function rewritten(field: HeaderField, change: (parsed: Parameterised) => Parameterised): HeaderField | undefined {
  const parsed = parseParameterised(decodeOctets(rawValue(field)));
  if (parsed === undefined || !parsed.value.includes('/')) return undefined;
  return { name: field.name, raw: Buffer.from(`${foldField(field.name, encodeParameters(change(parsed)))}\r\n`, 'latin1') };
}
