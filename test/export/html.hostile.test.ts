import { describe, expect, test } from 'vitest';
import { accountOf } from '../../src/export/account.js';
import { coverPage } from '../../src/export/cover.js';
import type { Exhibit } from '../../src/export/exhibit.js';
import { html } from '../../src/export/html.js';
import { newMessageId } from '../../src/message-id.js';
import { headFor, noon } from './archived.js';

const attacks = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</style><style>*{display:none}</style>',
  '<!-- ', // would hide the rest of the page
  '&lt;script&gt;',
  '`back`',
];

describe('text from mail in the cover sheet', () => {
  test.each(attacks)('%j stands as text', (attack) => {
    expect(unescaped(html`<p>${attack}</p>`.html)).toBe(`<p>${attack}</p>`);
    const page = coverOf(attack);
    expect(page).not.toContain(attack);
    // Not one element more or less than with a subject that does no harm.
    expect(tagsOf(page)).toEqual(tagsOf(coverOf('harmless')));
  });

  test('characters that turn or hide text are shown by number', () => {
    const page = coverOf('invoice\u202efdp.exe\u0007\u200b\ud800');
    for (const shown of ['U+202E', 'U+0007', 'U+200B', 'U+D800']) expect(page).toContain(`<span class="unseen">${shown}</span>`);
    expect(page).not.toMatch(/[\u202e\u0007\u200b\ud800]/);
  });

  test('words of other scripts and emoji stay as they are', () => {
    expect(coverOf('Über 会議 🎉 👩‍⚕️')).toContain('Über 会議 🎉 👩‍⚕️');
  });

  test('the page loads nothing, runs nothing and names nobody elsewhere', () => {
    const page = coverOf(attacks.join(' '));
    expect(page).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|https?:\/\//i);
    expect(page).toContain(`default-src 'none'`);
  });
});

function coverOf(text: string): string {
  const id = newMessageId(noon.getTime());
  const envelope = { sender: `${text}@example.com`, recipients: [text] };
  const account = { ...accountOf(id, []), envelope };
  const row: Omit<Exhibit, 'bytes'> = {
    account,
    subject: text,
    name: `${id}.eml`,
    sizeBytes: 1,
    sha256: 'aa',
    checked: 'no record of its hash is left',
  };
  return coverPage({
    head: headFor({ query: text, by: { uid: 1, name: text }, host: text, withoutProofs: text }),
    totals: { count: 1, sizeBytes: 1 },
    manifest: { sizeBytes: 1, sha256: 'bb' },
    rows: [row],
    problems: [{ id, kind: 'missing', text }],
  });
}

function tagsOf(page: string): string[] {
  return page.match(/<[^>]*>/g) ?? [];
}

function unescaped(page: string): string {
  return page.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
}
