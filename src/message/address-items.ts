import type { Token } from './address-lexer.js';

/** One element of an address list: what stands between its separators. */
export interface AddressItem {
  readonly tokens: readonly Token[];
  /** `:` after a group's name, `;` at a group's end, `,` between addresses, empty at the end of the list. */
  readonly separator: '' | ',' | ';' | ':';
}

/** The two parts of an element. `address` is undefined where there is none: a name alone, or nothing. */
export interface ItemParts {
  readonly phrase: readonly Token[];
  /** Without angle brackets. */
  readonly address: readonly Token[] | undefined;
  /** What stands after the closing angle bracket: comments and blanks, or it is no mailbox. */
  readonly rest: readonly Token[];
}

/** Cuts a list at the separators that stand outside angle brackets. */
export function splitItems(tokens: readonly Token[]): AddressItem[] {
  const items: AddressItem[] = [];
  let current: Token[] = [];
  let inAngle = false;
  for (const token of tokens) {
    const separator = token.kind === 'special' && !inAngle ? separatorOf(token.source) : undefined;
    if (separator !== undefined) {
      items.push({ tokens: current, separator });
      current = [];
      continue;
    }
    if (token.kind === 'special' && token.source === '<') inAngle = true;
    if (token.kind === 'special' && token.source === '>') inAngle = false;
    current.push(token);
  }
  items.push({ tokens: current, separator: '' });
  return items;
}

/** Tells a `name <address>` from a bare `address` and from a name alone. */
export function partsOf(tokens: readonly Token[]): ItemParts {
  const open = tokens.findIndex((token) => isSpecial(token, '<'));
  if (open !== -1) {
    const close = tokens.findIndex((token, i) => i > open && isSpecial(token, '>'));
    // Without a closing bracket the opening one is left over, and so it is no mailbox.
    if (close === -1) return { phrase: tokens.slice(0, open), address: tokens.slice(open + 1), rest: tokens.slice(open, open + 1) };
    return { phrase: tokens.slice(0, open), address: tokens.slice(open + 1, close), rest: tokens.slice(close + 1) };
  }
  return tokens.some((token) => isSpecial(token, '@'))
    ? { phrase: [], address: tokens, rest: [] }
    : { phrase: tokens, address: undefined, rest: [] };
}

/** Tokens that are not comments or blanks (CFWS, RFC 5322 §3.2.2). */
export function significant(tokens: readonly Token[]): Token[] {
  return tokens.filter((token) => token.kind !== 'blank' && token.kind !== 'comment');
}

export function isSpecial(token: Token, source: string): boolean {
  return token.kind === 'special' && token.source === source;
}

function separatorOf(source: string): AddressItem['separator'] | undefined {
  return source === ',' || source === ';' || source === ':' ? source : undefined;
}
