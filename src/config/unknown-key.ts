import { type KeyPath, shown } from './fault.js';
import { keysAt, sectionsWith } from './known-keys.js';
import { nearest } from './nearest.js';
import { isUnsupportedKey } from './unsupported.js';

const SECRET = /pass(word|wd|phrase|code)|secret|token|api[-_]?key|private[-_]?key|credential/i;

/** What to say about a key the schema does not know; never its value, which may be a secret. */
export function unknownKeyText(path: KeyPath): string {
  const parent = path.slice(0, -1);
  const key = String(path.at(-1));
  if (isUnsupportedKey(path)) return 'is not supported by this version; remove it';
  const siblings = keysAt(parent);
  if (SECRET.test(key) && !/file$/i.test(key)) {
    const fileKey = siblings.find((sibling) => /^(?:password|apiKey)File$/.test(sibling)) ?? 'passwordFile';
    return `a secret must not stand in the configuration; put it into a file only sealdrop can read (chmod 600) and name that file with ${fileKey}, or keep the passphrase of a key in <address>.pass beside the key`;
  }
  const meant = nearest(key, siblings);
  if (meant !== undefined) return `unknown key; did you mean ${meant}?`;
  const [elsewhere] = sectionsWith(key).filter((section) => !section.includes('[]'));
  if (elsewhere !== undefined)
    return `unknown key here; ${elsewhere === '' ? 'it belongs at the top level' : `it belongs beneath ${elsewhere}`}`;
  return siblings.length === 0 ? `unknown key; remove ${shown(key)}` : `unknown key; known here are ${siblings.join(', ')}`;
}
