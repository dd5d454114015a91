// The look of the pages: one style sheet without a framework, for light and dark, 320 px to wide, and forced colours.
// Which class stands where is in page.ts and the pages themselves.

export const styleSheet = `:root {
  color-scheme: light dark;
  --paper: light-dark(#f7f6f2, #131614);
  --sheet: light-dark(#ffffff, #1a1e1c);
  --ink: light-dark(#1b211f, #eceeea);
  --soft: light-dark(#56605c, #a6b0ab);
  --line: light-dark(#e1e0d8, #2e3431);
  --edge: light-dark(#7d8783, #77827d);
  --accent: light-dark(#175c4c, #7fd1b9);
  --accent-strong: light-dark(#0f473a, #a3e2cf);
  --on-accent: light-dark(#ffffff, #0c2620);
  --tint: light-dark(#eef4f1, #1e2a26);
  --amber: light-dark(#fdf3dc, #33290f);
  --amber-line: light-dark(#d9a441, #a67c2a);
  --amber-ink: light-dark(#6a4500, #f3cd7f);
  --red: light-dark(#fcefed, #361a17);
  --red-ink: light-dark(#a1261b, #ffab9f);
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace;
}
*, ::before, ::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-padding-block: 1.5rem; }
body {
  margin: 0; min-block-size: 100vh; min-block-size: 100dvh; display: grid; grid-template-rows: auto 1fr auto;
  background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif;
  overflow-wrap: anywhere;
}
h1, h2, h3, p, ul, dl, dd { margin: 0; padding: 0; }
h1, h2, h3 { text-wrap: balance; }
h1 { font-size: clamp(1.55rem, 1.25rem + 1.4vw, 1.95rem); line-height: 1.2; letter-spacing: -.02em; font-weight: 680; }
h1.big { font-size: clamp(2rem, 1.4rem + 3vw, 3rem); letter-spacing: -.03em; line-height: 1.08; }
h1:focus { outline: none; }
h1 strong { font-weight: inherit; color: var(--accent); }
h2 { font-size: 1.0625rem; line-height: 1.35; font-weight: 650; letter-spacing: -.005em; }
h3 { font-size: 1.0625rem; font-weight: 600; line-height: 1.4; }
a { color: var(--accent); text-underline-offset: .18em; text-decoration-thickness: 1px; }
a:hover { color: var(--accent-strong); text-decoration-thickness: 2px; }
ul { list-style: none; }
.lead { color: var(--soft); text-wrap: pretty; }
.lead strong { color: var(--ink); font-weight: 600; }
.small { font-size: .9375rem; color: var(--soft); text-wrap: pretty; }
.unseen { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.top, .foot { inline-size: min(100%, 52rem); margin-inline: auto; padding-inline: clamp(1rem, 4vw, 2rem); }
.top { display: flex; align-items: center; justify-content: space-between; gap: 1rem; min-block-size: 4.5rem; }
.brand { display: inline-flex; align-items: center; gap: .6rem; min-block-size: 44px; color: var(--ink); font-weight: 650; letter-spacing: -.015em; text-decoration: none; }
.brand:hover { color: var(--accent); }
.mark rect { fill: light-dark(#175c4c, #245e50); }
.mark path { fill: none; stroke: #fff; stroke-width: 2.8; stroke-linecap: round; stroke-linejoin: round; }
.mark path + path { stroke: #9fe0cb; }
.host { color: var(--soft); font-size: .9375rem; }
.foot { padding-block: 1.5rem 2rem; color: var(--soft); font-size: .875rem; text-align: center; }

main { inline-size: 100%; margin: clamp(.25rem, 3vw, 1.75rem) auto auto; padding: clamp(1.25rem, 5vw, 2.5rem); display: grid; gap: 1.25rem; background: var(--sheet); border-block: 1px solid var(--line); }
main.narrow { max-inline-size: 31rem; }
main.middle { max-inline-size: 44rem; }
main.wide { max-inline-size: 48rem; gap: 2.75rem; }
main > * , form, form > * { min-inline-size: 0; }
@media (min-width: 33rem) { main { border: 1px solid var(--line); border-radius: 18px; box-shadow: 0 1px 2px rgb(20 30 25 / .04), 0 12px 40px -18px rgb(20 30 25 / .16); } }

form { display: grid; gap: 1.25rem; }
.field { display: grid; gap: .35rem; }
label { font-weight: 600; }
.hint { color: var(--soft); font-size: .9375rem; }
.error { color: var(--red-ink); font-size: .9375rem; font-weight: 550; display: flex; gap: .45rem; align-items: flex-start; }
.error[hidden] { display: none; }
input { font: inherit; color: inherit; }
input:not([type=checkbox], [type=hidden]) {
  inline-size: 100%; min-block-size: 48px; padding: .55rem .85rem; background: var(--sheet);
  border: 1px solid var(--edge); border-radius: 10px;
}
input[aria-invalid]:not([type=checkbox]) { border-color: var(--red-ink); box-shadow: 0 0 0 1px var(--red-ink); }
.code-input { font-family: var(--mono) !important; font-size: 1.5rem !important; letter-spacing: .1em; text-align: center; }
.check { display: flex; gap: .75rem; align-items: flex-start; font-weight: 450; padding-block: .55rem; cursor: pointer; }
.check input { inline-size: 1.35rem; block-size: 1.35rem; margin: .1rem 0 0; flex: none; accent-color: var(--accent); }

button, .button {
  display: inline-flex; align-items: center; justify-content: center; gap: .5rem; min-block-size: 44px; padding: .5rem 1.1rem;
  font: inherit; font-weight: 600; line-height: 1.25; text-align: center; text-decoration: none; cursor: pointer;
  color: var(--ink); background: var(--sheet); border: 1px solid var(--edge); border-radius: 10px;
  transition: background-color .12s, border-color .12s;
}
button:hover, .button:hover { background: var(--tint); border-color: var(--accent); color: var(--ink); }
.primary { min-block-size: 50px; background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
.primary:hover { background: var(--accent-strong); border-color: var(--accent-strong); color: var(--on-accent); }
.go-on ~ * > .primary, .go-on ~ * > form > .primary { background: var(--sheet); border-color: var(--edge); color: var(--ink); }
.go-on ~ * > .primary:hover, .go-on ~ * > form > .primary:hover { background: var(--tint); border-color: var(--accent); }
.providers { display: grid; gap: .75rem; }
.providers button { inline-size: 100%; min-block-size: 48px; }
.providers .or { margin-block: .5rem 0; }
[data-needs-passkeys]:not([hidden]) ~ form > .primary { background: var(--sheet); border-color: var(--edge); color: var(--ink); }
[data-needs-passkeys]:not([hidden]) ~ form > .primary:hover { background: var(--tint); border-color: var(--accent); }
.turn-back { justify-items: center; }
.go-on + .or { margin-block-start: 0; }
form > .primary { inline-size: 100%; padding-inline: .6rem; }
.quiet { border-color: transparent; background: none; color: var(--soft); font-weight: 500; padding-inline: .6rem; text-decoration: underline; text-underline-offset: .2em; text-decoration-thickness: 1px; }
.quiet:hover { background: none; border-color: transparent; color: var(--ink); text-decoration-thickness: 2px; }
.danger { color: var(--red-ink); }
.danger:hover { background: var(--red); border-color: var(--red-ink); color: var(--red-ink); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
input:focus-visible { outline-offset: 0; }
.inline { display: flex; flex-wrap: wrap; gap: .6rem; }
.inline input { flex: 1 1 12rem; inline-size: auto; }
.inline button { min-block-size: 48px; }
.buttons { display: flex; flex-wrap: wrap; gap: .6rem; }
.choices { display: flex; flex-wrap: wrap; gap: .75rem; margin-block-start: .5rem; }
.choices .button { flex: 1 1 11rem; min-block-size: 50px; }
.or { display: flex; align-items: center; gap: 1rem; color: var(--soft); font-size: .9375rem; margin-block-start: 1.25rem; }
.or::before, .or::after { content: ""; flex: 1; border-block-start: 1px solid var(--line); }

.icon { flex: none; inline-size: 1.2em; block-size: 1.2em; margin-block-start: .14em; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
button .icon { margin: 0; }
.notice { display: flex; gap: .75rem; padding: .9rem 1.1rem; border-radius: 12px; border: 1px solid var(--line); background: var(--tint); }
.notice strong { display: block; font-weight: 650; }
.notice.good .icon { color: var(--accent); }
.notice.warn { background: var(--amber); border-color: var(--amber-line); color: var(--amber-ink); }
.notice.bad { background: var(--red); border-color: var(--red-ink); color: var(--red-ink); font-weight: 550; }
.beware { border-block-start: 1px solid var(--line); padding-block-start: 1.1rem; font-size: .9375rem; color: var(--soft); text-wrap: pretty; }
code { font-family: var(--mono); font-size: .92em; background: var(--tint); padding: .1em .35em; border-radius: 5px; }
.code { font-family: var(--mono); font-weight: 650; letter-spacing: .06em; font-variant-ligatures: none; white-space: nowrap; }
.chip-line { inline-size: fit-content; max-inline-size: 100%; padding: .3rem .85rem; border-radius: 99px; background: var(--tint); color: var(--soft); font-size: .9375rem; }
.chip-line .code { color: var(--ink); margin-inline-start: .3rem; white-space: normal; }
.badge { display: inline-flex; align-items: center; gap: .35rem; padding: .05rem .65rem; border-radius: 99px; font-size: .875rem; font-weight: 550; border: 1px solid var(--line); color: var(--soft); }
.badge .icon { margin: 0; }
.badge.good { background: var(--tint); border-color: transparent; color: var(--accent); }
.badge.warn { background: var(--amber); border-color: var(--amber-line); color: var(--amber-ink); }
.qr { display: block; inline-size: min(100%, 13rem); padding: .5rem; margin-block: .5rem; background: #fff; fill: #000; border-radius: 8px; forced-color-adjust: none; }
.caution { color: var(--amber-ink); font-weight: 600; }
.caution .icon { vertical-align: -.2em; margin: 0; margin-inline-end: .3rem; }

.publisher { margin-block-start: -.6rem; }
.who { color: var(--soft); display: flex; flex-wrap: wrap; gap: 0 .5rem; }
.who a { display: inline-block; padding-block: .55rem; margin-block: -.55rem; }
.shown-code { display: grid; justify-items: center; gap: .15rem; text-align: center; padding: 1.1rem 1rem; border-radius: 14px; background: var(--tint); }
.big-code { font-size: clamp(1.7rem, 1.2rem + 3.4vw, 2.35rem); line-height: 1.25; }
.shown-code .code { white-space: normal; overflow-wrap: anywhere; }
.return-code { font-family: var(--mono); font-weight: 650; letter-spacing: .18em; }
.return-code bdi { margin-inline-end: -.18em; }
.facts { display: grid; gap: 1.25rem; align-items: start; }
.facts > section:first-child { padding-block: .95rem; }
@media (min-width: 44rem) {
  .facts { grid-template-columns: 1.15fr 1fr; }
  .facts dl div { grid-template-columns: 5.25rem 1fr; }
  .decision { grid-template-columns: 1fr; }
  .permissions ul { columns: 2; column-gap: 2rem; }
  .permissions li { break-inside: avoid; }
}
.facts section, .permissions { display: grid; gap: .5rem; align-content: start; }
.facts dl { display: grid; gap: .3rem; }
.facts dl div { display: grid; grid-template-columns: minmax(5.5rem, 7.5rem) 1fr; gap: .75rem; }
dt { color: var(--soft); }
dd { font-weight: 500; }
.claims { padding: .95rem 1.1rem; border: 1px dashed var(--edge); border-radius: 12px; }
.permissions { border-block-start: 1px solid var(--line); padding-block-start: 1.25rem; }
.permissions li, .scopes li { padding-inline-start: 1.4rem; position: relative; }
.permissions li + li { margin-block-start: .2rem; }
.permissions li::before, .scopes li::before { content: ""; position: absolute; inset-inline-start: .3rem; inset-block-start: .66em; inline-size: .4em; block-size: .4em; border-radius: 50%; background: var(--accent); }
.scopes { font-size: .9375rem; }
.to { display: grid; gap: .3rem; }
.to div { display: flex; flex-wrap: wrap; gap: 0 .6rem; }
.consent > .permissions { border-block-start: 1px solid var(--line); }
.permissions h2:not(:first-child) { margin-block-start: .75rem; }
.free { min-inline-size: 0; margin: .35rem 0 0; padding: 0; border: 0; display: grid; }
.free legend { padding: 0; margin-block-end: .2rem; }
.free .check { min-block-size: 44px; }
.lasting { display: grid; gap: .5rem; }
.links-line a { display: inline-block; padding-block: .55rem; margin-inline-end: .5rem; }
.decision { display: grid; border-block-start: 1px solid var(--line); padding-block-start: 1.25rem; gap: 1rem; }
.question { font-size: 1.125rem; font-weight: 650; text-wrap: balance; }
.confirm { padding: .35rem 1.1rem; border: 1px solid var(--amber-line); border-radius: 12px; }
.confirm .error { padding-block-start: .6rem; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; }
.pair > * { min-block-size: 54px; border-width: 2px; border-color: var(--accent); padding-inline: .5rem; }
.report { text-align: center; margin-block-start: -.25rem; }
.time { text-align: center; color: var(--soft); font-variant-numeric: tabular-nums; margin-block-start: -.75rem; }
.done { inline-size: 3.5rem; block-size: 3.5rem; display: grid; place-items: center; border-radius: 50%; background: var(--accent); color: var(--on-accent); }
.done .icon { inline-size: 1.75rem; block-size: 1.75rem; margin: 0; stroke-width: 2.4; }
.undo { grid-template-columns: 1fr auto; align-items: center; gap: 1rem; padding: .85rem 1.1rem; border-radius: 12px; background: var(--tint); font-size: .9375rem; }
.links { display: grid; gap: .25rem; }
.links a, .back a { display: inline-block; padding-block: .5rem; }

.account-head { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; justify-content: space-between; }
.wide > section { display: grid; gap: .9rem; }
.wide h2 { font-size: 1.25rem; letter-spacing: -.015em; }
.wide section > form { max-inline-size: 30rem; }
main > form > button:not(.primary), .wide section > form > button, .wide section > form > .buttons { justify-self: start; }
.rows { border-block-start: 1px solid var(--line); }
.rows > li { padding-block: 1rem; border-block-end: 1px solid var(--line); }
.rows > .side { display: flex; flex-wrap: wrap; gap: .75rem 1rem; align-items: center; justify-content: space-between; }
.row-head { display: flex; flex-wrap: wrap; gap: .25rem .75rem; align-items: baseline; }
details { margin-block-start: .25rem; }
:is(#connected, #connect) li > form { margin-block-start: .6rem; max-inline-size: 30rem; }
label.small { font-weight: 450; }
summary { display: inline-flex; align-items: center; min-block-size: 44px; cursor: pointer; color: var(--accent); font-weight: 550; border-radius: 6px; }
summary::-webkit-details-marker { display: none; }
summary::after { content: ""; inline-size: .45em; block-size: .45em; margin-inline-start: .6em; border: solid currentColor; border-width: 0 2px 2px 0; transform: translateY(-.12em) rotate(45deg); }
details[open] summary::after { transform: translateY(.1em) rotate(225deg); }
details form { margin-block-start: 1rem; max-inline-size: 30rem; }
.empty { padding: 1.25rem; border-radius: 12px; background: var(--tint); display: grid; gap: .6rem; }
.command { display: inline-block; padding: .55rem .9rem; font-size: 1rem; background: var(--sheet); border: 1px solid var(--line); border-radius: 8px; }

@media (max-width: 24rem) {
  .facts dl div { grid-template-columns: 1fr; gap: 0; }
  .facts dl { gap: .6rem; }
  .undo { grid-template-columns: 1fr; }
  .pair { gap: .5rem; }
}
@media (forced-colors: active) {
  .primary, .primary:hover { color: ButtonText; background: ButtonFace; border-color: ButtonText; }
  .notice, .shown-code, .badge, .chip-line, .empty, .undo, code { border: 1px solid; }
  .done, .mark rect { forced-color-adjust: none; }
  .permissions li::before, .scopes li::before { background: CanvasText; }
}
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
`
