/** The look of the cover sheet: paper first (A4), and a screen in light or dark. It asks for nothing from elsewhere, fonts included. */
export const coverStyle = `
:root { color-scheme: light dark; --ink: #1a1c20; --soft: #5b616b; --line: #c9cdd4; --paper: #fff; --tint: #f4f5f7; --warn: #8a1c1c; --warn-tint: #fbf1f0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --soft: #9aa2ad; --line: #3d434c; --paper: #16181c; --tint: #1f2227; --warn: #f0a8a0; --warn-tint: #2c1e1d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 "Source Serif 4", Charter, Georgia, "Times New Roman", serif; }
main { max-width: 50rem; margin: 0 auto; padding: 3rem 1.5rem 4rem; }
header { border-bottom: 2px solid var(--ink); padding-bottom: 1rem; margin-bottom: 1.75rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .35rem; font-weight: 600; letter-spacing: -.01em; }
h2 { font-size: 1.12rem; margin: 2.25rem 0 .6rem; font-weight: 600; break-after: avoid; }
p { margin: .5rem 0; }
.soft { color: var(--soft); }
dl { display: grid; grid-template-columns: 11rem 1fr; margin: 0; border-top: 1px solid var(--line); }
dt, dd { padding: .38rem 0; margin: 0; border-bottom: 1px solid var(--line); min-width: 0; }
dt { color: var(--soft); padding-right: 1rem; }
dd { overflow-wrap: anywhere; }
code, .hash { font: .84em/1.45 ui-monospace, "DejaVu Sans Mono", "Liberation Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
pre { background: var(--tint); border: 1px solid var(--line); padding: .6rem .8rem; margin: .4rem 0 .9rem; white-space: pre-wrap; break-inside: avoid; }
pre code { font-size: .8rem; }
.warn { border: 1px solid var(--warn); background: var(--warn-tint); padding: .7rem 1rem; margin: 1.2rem 0; }
.warn strong { color: var(--warn); }
.warn ul { margin: .4rem 0 0; padding-left: 1.2rem; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; font-size: .88rem; }
thead { display: table-header-group; }
th { text-align: left; font-weight: 600; border-bottom: 1.5px solid var(--ink); padding: .3rem .5rem .3rem 0; }
tbody { break-inside: avoid; border-bottom: 1px solid var(--line); }
td { vertical-align: top; padding: .4rem .5rem 0 0; overflow-wrap: anywhere; }
tr + tr td { padding-top: .05rem; }
tbody tr:last-child td { padding-bottom: .45rem; }
.number { width: 3rem; color: var(--soft); } .time { width: 10.5rem; white-space: nowrap; } .size { width: 6.5rem; text-align: right; padding-right: 0; }
.unseen { font: .75em ui-monospace, monospace; border: 1px solid var(--warn); color: var(--warn); padding: 0 .2em; }
ol { padding-left: 1.3rem; margin: .4rem 0; } li { margin: .5rem 0; }
.sign { display: grid; grid-template-columns: 1fr 1fr; gap: 2.5rem; margin-top: 3.5rem; break-inside: avoid; }
.sign div { border-top: 1px solid var(--ink); padding-top: .3rem; color: var(--soft); font-size: .85rem; }
footer { margin-top: 2.5rem; padding-top: .6rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .82rem; }
@page { size: A4; margin: 20mm 18mm 18mm; @bottom-right { content: counter(page) " / " counter(pages); font: 9pt Georgia, serif; color: #5b616b; } }
@media print {
  :root { color-scheme: light; --ink: #000; --soft: #44484f; --line: #b8bcc3; --paper: #fff; --tint: #f6f6f7; --warn: #7a1313; --warn-tint: #fff; }
  body { font-size: 10.5pt; } main { max-width: none; padding: 0; } dl { grid-template-columns: 38mm 1fr; }
}
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dt { border-bottom: 0; padding-bottom: 0; } .time { width: 8rem; white-space: normal; } }
`;
