/** Why a program does not do something, and how that shows. */
export interface Reason {
  /** A sentence of the page. */
  readonly text: string;
  /** In what the program says, or in what it lacks; so that no fault of the test passes for a refusal. */
  readonly says: RegExp;
}

/** A cell of a table: what is known about one program and one row. */
export type Expectation<Done extends string> =
  | Done
  /** The program was asked and says no. */
  | { readonly refuses: Reason }
  /** It has no such function; nothing was asked. */
  | { readonly cannot: string }
  /** It may or may not: here it could not be asked. */
  | { readonly untestable: string };

export function refuses(says: RegExp, text: string): { readonly refuses: Reason } {
  return { refuses: { text, says } };
}

export function cannot(text: string): { readonly cannot: string } {
  return { cannot: text };
}

export function untestable(text: string): { readonly untestable: string } {
  return { untestable: text };
}
