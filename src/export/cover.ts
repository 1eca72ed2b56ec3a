import { version } from '../version.js';
import { coverStyle } from './cover-style.js';
import type { Exhibit, Problem } from './exhibit.js';
import type { FileFacts } from './hashed-file.js';
import { type Html, html } from './html.js';
import type { ExportHead, ExportTotals } from './manifest.js';

export interface CoverFacts {
  readonly head: ExportHead;
  readonly totals: ExportTotals;
  readonly manifest: FileFacts;
  /** The first messages; the rest stand in manifest.csv. */
  readonly rows: readonly Omit<Exhibit, 'bytes'>[];
  readonly problems: readonly Problem[];
}

const mostProblems = 100;
const mostRecipients = 8;

/** `cover.html`: what an export is, for people who have it in their hands, on paper too. No scripts, nothing from elsewhere. */
export function coverPage(facts: CoverFacts): string {
  const { head, totals, problems } = facts;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>Export of archived mail, ${head.madeAt.slice(0, 10)}</title>
<style>${{ html: coverStyle }}</style>
</head>
<body>
<main>
<header>
<h1>Export of archived mail</h1>
<p class="soft">${messages(totals.count)} from the compliance archive on ${head.host}, with the records that belong to ${totals.count === 1 ? 'it' : 'them'}</p>
</header>
${problems.length === 0 ? [] : [notIncluded(problems)]}
<section>
<dl>
${factRows(facts)}
</dl>
</section>
<section>
<h2>How to check this export</h2>
${howToCheck(facts)}
</section>
<section>
<h2>Messages</h2>
${messageTable(facts)}
</section>
<div class="sign"><div>Place, date</div><div>Name, signature of the person who hands over</div></div>
<footer>Made by sealdrop ${version}. Times are UTC. This page holds no scripts and loads nothing.</footer>
</main>
</body>
</html>
`;
  return page.html;
}

function factRows({ head, totals, manifest, problems }: CoverFacts): Html[] {
  const { trail } = head;
  const rows: [string, Html][] = [
    ['Exported by', html`${head.by.name} (user id ${head.by.uid}) on ${head.host}`],
    ['Exported at', html`${clock(head.madeAt)}`],
    ['Asked for', html`<code>${head.query}</code>`],
    [
      'Messages',
      html`${grouped(totals.count)} of ${grouped(head.asked)} asked for${problems.length === 0 ? '' : '; see above for what is not included'}`,
    ],
    ['Accepted between', html`${totals.first === undefined ? 'none' : `${clock(totals.first)} and ${clock(totals.last ?? totals.first)}`}`],
    ['Size of the originals', html`${grouped(totals.sizeBytes)} bytes`],
    ['SHA-256 of manifest.json', html`<span class="hash">${manifest.sha256}</span>`],
    ['Audit trail', html`${trail.verdict}`],
    ...(trail.head === undefined
      ? []
      : [['Head of the chain', html`record ${trail.head.seq}, <span class="hash">${trail.head.hash}</span>`] satisfies [string, Html]]),
    [
      'This export',
      html`${head.recorded ? 'is recorded in the audit trail, with the SHA-256 of its manifest' : 'is not recorded in the audit trail: the person who made it may not write there'}`,
    ],
    [
      'Personal data',
      html`${head.personal ? 'addresses and subjects stand in the lists' : 'left out of the lists; the originals are complete'}`,
    ],
  ];
  return rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>\n`);
}

function notIncluded(problems: readonly Problem[]): Html {
  const shown = problems.slice(0, mostProblems);
  const more = problems.length - shown.length;
  return html`<section class="warn"><strong>Not everything that was asked for is included.</strong>
<ul>${shown.map(({ id, kind, text }) => html`<li><span class="hash">${id}</span> ${words[kind]}: ${text}</li>`)}</ul>${more === 0 ? '' : html`<p>And ${grouped(more)} more; all stand in manifest.json under notIncluded.</p>`}</section>`;
}

const words: Readonly<Record<Problem['kind'], string>> = {
  missing: 'is missing',
  removed: 'was removed',
  altered: 'was altered',
  unreadable: 'cannot be read',
  'sealed-copy-altered': 'has an altered sealed copy',
  'sealed-copy-missing': 'has lost a sealed copy',
  'not-proven': 'has no proof',
};

function howToCheck({ head, manifest }: CoverFacts): Html {
  const { withoutProofs } = head;
  return html`<ol>
<li>Every file is what it was when the export was made:<pre><code>sha256sum -c SHA256SUMS
sha256sum manifest.json</code></pre>The second command must print <span class="hash">${manifest.sha256}</span>, as this page does${head.recorded ? ' and the record “exported” in the audit trail' : ''}.</li>
<li>Each original is, octet for octet, what was submitted: its SHA-256 in manifest.json is the one that stands in its record “accepted”${head.personal ? ' in records.details.jsonl' : ', whose details were left out here'}.</li>
<li>A record is what it was when it was written, for example the first one: the command must print the “hash” at the end of its line.<pre><code>head -n 1 records.chain.jsonl | sed -E 's/,"hash":"[0-9a-f]{64}"}$/}/' | tr -d '\\n' | sha256sum</code></pre></li>
<li>${withoutProofs === undefined ? proofs : html`That the records are part of the chain cannot be proven from this export alone: ${withoutProofs}. Whoever has the audit trail runs:<pre><code>sealdrop audit verify -c FILE</code></pre>`}</li>
<li>The certificates that signed and that mail was encrypted to are in certificates/:<pre><code>openssl x509 -inform DER -noout -subject -issuer -dates -fingerprint -sha256 -in certificates/NAME.der</code></pre></li>
</ol>`;
}

const proofs = html`A message’s records are in the chain under a signed checkpoint, and the original is the one that they name:<pre><code>sealdrop audit check proofs/ID.json --cert CERTIFICATE --original originals/ID.eml</code></pre>CERTIFICATE is that of the audit identity, as you were given it by other means. How to do the same with OpenSSL alone stands in sealdrop’s docs/checkpoints.md.`;

function messageTable({ head, rows, totals }: CoverFacts): Html {
  if (rows.length === 0) return html`<p>None.</p>`;
  const more = totals.count - rows.length;
  return html`<table>
<thead><tr><th class="number">No.</th><th class="time">Accepted</th><th>${head.personal ? 'Sender, recipients, subject' : 'Id, SHA-256'}</th><th class="size">Bytes</th></tr></thead>
${rows.map((row, index) => messageRows(row, index + 1, head.personal))}</table>
${more <= 0 ? '' : html`<p class="soft">And ${messages(more)} more: all of them stand in manifest.csv and manifest.json.</p>`}`;
}

function messageRows({ account, subject, sha256, sizeBytes }: Omit<Exhibit, 'bytes'>, number: number, personal: boolean): Html {
  const { id, accepted, claimed, envelope } = account;
  const recipients = envelope?.recipients ?? [];
  const more = recipients.length - mostRecipients;
  const named = recipients.slice(0, mostRecipients).join(', ') + (more > 0 ? ` and ${grouped(more)} more` : '');
  const mail =
    envelope === undefined ? 'envelope not known' : `${envelope.sender === '' ? '<> (null sender)' : envelope.sender} → ${named}`;
  const hash = html`<span class="hash">${sha256}</span>`;
  const subjectRow = html`<tr><td></td><td colspan="3"><strong>${subject ?? '(not opened)'}</strong></td></tr>`;
  return html`<tbody><tr><td class="number">${number}</td><td class="time">${clock(accepted?.time ?? claimed)}</td><td>${personal ? mail : html`<span class="hash">${id}</span>`}</td><td class="size">${grouped(sizeBytes)}</td></tr>
${personal ? subjectRow : []}<tr><td></td><td colspan="3" class="soft">${personal ? html`<span class="hash">${id}</span><br>` : []}${hash}</td></tr></tbody>
`;
}

function clock(time: string): string {
  return time.replace('T', ' ').replace(/\.\d+Z$/, '');
}

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

function messages(count: number): string {
  return count === 1 ? '1 message' : `${grouped(count)} messages`;
}
