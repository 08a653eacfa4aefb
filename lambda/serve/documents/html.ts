import { hash } from 'node:crypto';

/** Text, and a value of an attribute in double quotes. */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const style = `
:root{color-scheme:light dark;--line:#d0d7de;--soft:#f6f8fa;--dim:#57606a;--link:#0757a6}
@media(prefers-color-scheme:dark){:root{--line:#3d444d;--soft:#161b22;--dim:#a1a9b3;--link:#79b8ff}}
body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;overflow-wrap:anywhere}
a{color:var(--link)}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.4rem .6rem .4rem 0;border-bottom:1px solid var(--line)}
dt{color:var(--dim)}dd{margin:0 0 .5rem}
pre{background:var(--soft);border:1px solid var(--line);padding:.6rem;white-space:pre-wrap;margin:.3rem 0}
button{font:inherit;padding:.2rem .8rem;margin-bottom:.8rem}
.dim{color:var(--dim)}
@media(max-width:40rem){thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}tr{display:block;padding:.5rem 0;border-bottom:1px solid var(--line)}td,tbody th{display:block;border:0;padding:.1rem 0}}
`;

/** Adds a button to each block that is there to be pasted. Without JavaScript there is no button that does nothing. */
const script = `
for (const block of document.querySelectorAll('pre')) {
  const button = document.createElement('button');
  button.textContent = 'Copy';
  button.setAttribute('aria-label', 'Copy: ' + block.dataset.use);
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(block.textContent);
    button.textContent = 'Copied';
  });
  block.after(button);
}
`;

const source = (text: string): string => `'sha256-${hash('sha256', text, 'base64')}'`;

/** Only the style and the script of these pages are used, and nothing is loaded from anywhere. */
export const contentSecurityPolicy = `default-src 'none'; style-src ${source(style)}; script-src ${source(script)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

export interface Page {
  readonly title: string;
  /** HTML. */
  readonly main: string;
  /** Addresses of this page in other formats, for programs that read the head of pages. */
  readonly alternates: readonly { readonly type: string; readonly url: string }[];
}

export const page = ({ title, main, alternates }: Page): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
${alternates.map(({ type, url }) => `<link rel="alternate" type="${type}" href="${escapeHtml(url)}">\n`).join('')}<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${main}
</main>
<script>${script}</script>
</body>
</html>
`;
