import type { Canonical } from '../message/canonical.js';
import type { HeaderField } from '../message/field.js';
import { outerHeader } from '../message/outer-header.js';
import { timeOfMessageId } from '../message-id.js';
import { withoutForgedProtection } from './header-protection/forged.js';
import { PayloadForms } from './payload-forms.js';

/**
 * All that what is signed depends on, besides the original, its id and its plan. Recorded with each signature, so that the same bytes can
 * be made again when the configuration is another one.
 */
export interface Recipe {
  /** Which rules make the bytes, see `compositionRules`. */
  readonly rules: number;
  readonly fallbackCharset: string;
  /** See OuterOptions. */
  readonly encodeBraces: boolean;
}

/**
 * To be counted up with any change of src/message or src/smime for which an original gives other bytes to sign than before: what was signed
 * by older rules is then said to be not recomputable, and not to be altered.
 */
export const compositionRules = 1;

/** A message with the header that stands around what is sealed, and the forms in which it is signed or encrypted. */
export interface Composition {
  /** Without what only a sealer may say of header protection. */
  readonly message: Canonical;
  readonly outer: { readonly fields: readonly HeaderField[]; readonly changes: readonly string[] };
  readonly payloads: PayloadForms;
}

/**
 * From canonical bytes to what is signed: the same for sealing, and for proving later what was sealed. `from`: the address of the identity,
 * whose domain a Message-ID is supplied in.
 */
export function compose(submitted: Canonical, { id, from }: { id: string; from: string }, recipe: Recipe): Composition {
  const message = withoutForgedProtection(submitted);
  const { fallbackCharset, encodeBraces } = recipe;
  const messageId = `${id}@${from.slice(from.lastIndexOf('@') + 1)}`;
  const outer = outerHeader(message, { date: timeOfMessageId(id), messageId, fallbackCharset, encodeBraces });
  return { message, outer, payloads: new PayloadForms(message, outer.fields) };
}
