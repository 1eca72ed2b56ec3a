import type { Canonical } from '../message/canonical.js';
import { entityOf, transferSafe } from '../message/entity.js';
import type { HeaderField } from '../message/field.js';
import { type Octets, octetsOf } from '../message/octets.js';
import type { HeaderForm } from './header-protection/form.js';
import { protectHeader } from './header-protection/protect.js';

/** What is signed or encrypted for some of the copies, and the header that stands around it. */
export interface PayloadForm {
  /** The same for the same form. */
  readonly key: string;
  readonly outside: readonly HeaderField[];
  /** Names of the fields that do not stand outside as they are inside. */
  readonly hidden: readonly string[];
  /** The entity as it is encrypted or signed opaquely. */
  readonly inside: Octets;
  /** The entity in the form for multipart/signed. */
  transferSafe(): Octets;
}

/** One payload per form of header protection, made when the first copy asks for it. */
export class PayloadForms {
  readonly changes: string[] = [];
  private readonly message: Canonical;
  private readonly header: readonly HeaderField[];
  private readonly made = new Map<string, PayloadForm>();

  /** `header`: what stands around the sealed part when it is not protected. */
  constructor(message: Canonical, header: readonly HeaderField[]) {
    this.message = message;
    this.header = header;
  }

  /** Throws SealdropError `header-protection-impossible`, see protectHeader; null: the header is not protected. */
  of(header: HeaderForm | null): PayloadForm {
    const key = JSON.stringify(header);
    const form = this.made.get(key) ?? this.make(key, header);
    this.made.set(key, form);
    return form;
  }

  private make(key: string, header: HeaderForm | null): PayloadForm {
    const { outside, payload, hidden, changes } =
      header === null
        ? { outside: this.header, payload: entityOf(this.message), hidden: [], changes: [] }
        : protectHeader(this.message, this.header, header);
    this.changes.push(...changes);
    let safe: Octets | undefined;
    const makeSafe = () => {
      if (safe === undefined) {
        const made = transferSafe(payload);
        this.changes.push(...made.changes);
        safe = octetsOf(made.entity);
      }
      return safe;
    };
    return { key, outside, hidden, inside: payload, transferSafe: makeSafe };
  }
}
