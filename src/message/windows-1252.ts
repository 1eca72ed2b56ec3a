/**
 * The characters of the octets 128 to 159 in windows-1252; undefined where none is assigned. Node.js 20 decodes them as if they were
 * ISO 8859-1, in which they are controls: a euro sign would be lost.
 */
export function windows1252Character(octet: number): string | undefined {
  const character = CHARACTERS[octet - FIRST];
  return character === ' ' ? undefined : character;
}

/** What is not assigned becomes the control of that number, as in the Encoding Standard. */
export function decodeWindows1252(octets: Buffer): string {
  const latin1 = octets.toString('latin1');
  return latin1.replace(/[\x80-\x9f]/g, (control) => windows1252Character(control.charCodeAt(0)) ?? control);
}

const FIRST = 128;
/** A space stands for what is not assigned. */
const CHARACTERS = [...'€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ'];
