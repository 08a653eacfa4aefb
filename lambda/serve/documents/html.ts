import { hash } from 'node:crypto';

/** Text, and a value of an attribute in double quotes. */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const style = `
:root{color-scheme:light dark;--paper:#fdfdfb;--ink:#1c2127;--dim:#5a636e;--line:#e4e3dd;--code:#f4f3ee;--link:#155a94;--warn:#94400f}
@media(prefers-color-scheme:dark){:root{--paper:#15181c;--ink:#e4e6e9;--dim:#9ba5b1;--line:#2c323a;--code:#1e2329;--link:#8abcf0;--warn:#f2a67f}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:56rem;padding:1.25rem clamp(1rem,5vw,2.5rem) 2.5rem;background:var(--paper);color:var(--ink);font:1rem/1.55 system-ui,sans-serif;overflow-wrap:anywhere}
header,footer,.dim,time,dt{color:var(--dim);font-size:.875rem}
a{color:var(--link);text-underline-offset:.2em;text-decoration-color:color-mix(in srgb,currentColor 40%,transparent)}
a:hover{text-decoration-color:currentColor}
:focus-visible{outline:2px solid var(--link);outline-offset:3px;border-radius:2px}
h1{font-size:clamp(1.9rem,6vw,2.6rem);font-weight:650;letter-spacing:-.025em;line-height:1.15;margin:2.25rem 0 .5rem}
h2{font-size:1.2rem;font-weight:650;letter-spacing:-.01em;margin:2.75rem 0 .75rem}
h3{font-size:.875rem;font-weight:600;margin:1.25rem 0 .35rem}
p{margin:.35rem 0}
.lead{font-size:1.125rem;max-width:42rem}
code,pre{font:.8125rem/1.6 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.paste{display:flex;align-items:start;gap:.75rem;background:var(--code);border-radius:6px;padding:.5rem .5rem .5rem .85rem;margin:.35rem 0}
.paste+p{margin-top:1rem}
pre{flex:1;min-width:0;margin:.1rem 0;white-space:pre-wrap}
button{font:500 .8125rem/1.6 system-ui,sans-serif;color:var(--link);background:var(--paper);border:1px solid var(--line);border-radius:5px;padding:.05rem .6rem;min-width:4.6rem;min-height:1.75rem;cursor:pointer}
button:hover{border-color:var(--link)}
ul,ol{list-style:none;margin:0;padding:0}
main>ul>li{border-top:1px solid var(--line);padding:1.35rem 0 1.1rem}
main>ul{margin-top:2rem}
main>.names{margin-top:.5rem}
.names>li{border:0;padding:.2rem 0}
li h2{margin:0}
.facts>*{margin-right:1.1rem;white-space:nowrap}
.facts>:first-child{white-space:normal}
dl{display:grid;grid-template-columns:8.5rem 1fr;gap:.45rem 1rem;margin:0;align-items:baseline}
dd{margin:0}
ol>li{display:grid;grid-template-columns:8.5rem 1fr;gap:0 1rem;padding:.6rem 0;align-items:baseline;border-top:1px solid var(--line)}
ol p{margin:0}
ol p:first-child::first-letter,ol p.dim::first-letter{text-transform:uppercase}
.tag{font-size:.75rem;font-weight:600;border:1px solid;border-radius:1rem;padding:.05rem .5rem;margin-left:.4rem;color:var(--dim);white-space:nowrap;letter-spacing:0;vertical-align:.1em}
.warn{color:var(--warn)}
nav a{margin-right:1.25rem}
ol+nav,ul+nav{margin-top:1.25rem}
footer{margin-top:3.5rem;padding-top:1rem;border-top:1px solid var(--line)}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media(max-width:36rem){dl,ol>li{grid-template-columns:1fr;gap:0}dd{margin-bottom:.6rem}h2{margin-top:2.25rem}}
`;

/** Adds a button to each block that is there to be pasted. Without JavaScript there is no button that does nothing. */
const script = `
const announcer = document.querySelector('[role=status]');
for (const block of navigator.clipboard ? document.querySelectorAll('pre') : []) {
  const button = document.createElement('button');
  const name = document.createElement('span');
  name.className = 'unseen';
  name.textContent = ': ' + block.dataset.use;
  button.append('Copy', name);
  button.addEventListener('click', async () => {
    const copied = await navigator.clipboard.writeText(block.textContent).then(() => true, () => false);
    if (!copied) getSelection().selectAllChildren(block);
    button.firstChild.data = copied ? 'Copied' : 'Selected';
    announcer.textContent = button.textContent;
    setTimeout(() => { button.firstChild.data = 'Copy'; announcer.textContent = ''; }, 3000);
  });
  block.after(button);
}
`;

/** In the page, so that a browser asks for no favicon.ico. */
const icon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M3 13V3l10 10V3' fill='none' stroke='%235277c3' stroke-width='2.5'/%3E%3C/svg%3E";

const source = (text: string): string => `'sha256-${hash('sha256', text, 'base64')}'`;

/** Only the style, the script and the icon of these pages are used, and nothing is loaded from anywhere. */
export const contentSecurityPolicy = `default-src 'none'; style-src ${source(style)}; script-src ${source(script)}; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

export const link = (url: string, text: string, attributes = ''): string =>
  `<a href="${escapeHtml(url)}"${attributes}>${escapeHtml(text)}</a>`;

/** Text to paste. @param use what for, as the end of the button's name */
export const pasteBlock = (use: string, text: string): string =>
  `<div class="paste"><pre data-use="${escapeHtml(use)}">${escapeHtml(text)}</pre></div>`;

export interface Page {
  readonly base: string;
  readonly title: string;
  /** HTML. */
  readonly main: string;
  /** The address of the page; absent on a page that tells what is wrong. */
  readonly canonical?: string;
  /** Addresses of this page in other formats, for programs that read the head of pages, and for people in its foot. */
  readonly alternates: readonly { readonly type: string; readonly url: string; readonly name: string }[];
}

export const page = ({ base, title, main, canonical, alternates }: Page): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(`${title} · ${new URL(base).host}`)}</title>
${canonical === undefined ? '' : `<link rel="canonical" href="${escapeHtml(canonical)}">\n`}<link rel="icon" href="${icon}">
${alternates.map(({ type, url, name }) => `<link rel="alternate" type="${type}" title="${name}" href="${escapeHtml(url)}">\n`).join('')}<style>${style}</style>
</head>
<body>
<header>${link(`${base}/`, new URL(base).host)}</header>
<main>
<h1>${escapeHtml(title)}</h1>
${main}
</main>
<footer><nav aria-label="For programs">${[...alternates, { url: `${base}/flake-registry.json`, name: 'Flake registry' }].map(({ url, name }) => link(url, name)).join(' ')}</nav></footer>
<p role="status" class="unseen"></p>
<script>${script}</script>
</body>
</html>
`;
