/** Text made ready to stand in an HTML page; only `html` makes it. */
export interface Html {
  readonly html: string;
}

/**
 * A template whose values are escaped: text can become neither element nor attribute, whoever wrote it. Characters that turn the direction of
 * text, or show nothing, stand as their number: what a page shows is what is there.
 */
export function html(strings: TemplateStringsArray, ...values: readonly (string | number | Html | readonly Html[])[]): Html {
  const [first = '', ...rest] = strings;
  return { html: rest.reduce((page, text, index) => page + render(values[index] ?? '') + text, first) };
}

function render(value: string | number | Html | readonly Html[]): string {
  if (typeof value === 'string') return escaped(value);
  if (typeof value === 'number') return String(value);
  return 'html' in value ? value.html : value.map((each) => each.html).join('');
}

function escaped(text: string): string {
  return text
    .replace(/[&<>"'`]/g, (mark) => `&#${mark.charCodeAt(0)};`)
    .replace(UNSEEN, (mark) => `<span class="unseen">U+${mark.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}</span>`);
}

/** Control characters, marks of direction, zero-width blanks, half surrogates. */
const UNSEEN =
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
