// <countersign-connect provider="github">: a button, and all there is to see until the account is connected. Sent as it stands
// here; does nothing outside of a browser. It is told no secret. How to use it: docs/connect.md.

/** `%` is the provider. May be changed: CountersignConnect.texts. */
const texts = {
  connect: 'Connect %',
  starting: 'Contacting %…',
  code: 'Enter this code at %:',
  pending: 'Waiting for %…',
  open: 'Open ',
  go: 'Continue at %',
  copy: 'Copy code',
  copied: 'Code copied',
  marked: 'Code marked for copying',
  left: ' left',
  cancel: 'Cancel',
  again: 'Try again',
  success: '% is connected.',
  denied: '% was told no. Nothing was connected.',
  expired: 'The time to connect % ran out.',
  cancelled: 'Cancelled. Nothing was connected.',
  error: 'The server cannot be reached. Please try again.',
}

const sheet = globalThis.CSSStyleSheet && new CSSStyleSheet()
sheet?.replaceSync(`
:host { display: block; max-inline-size: 24rem; overflow-wrap: anywhere; --accent: var(--countersign-accent, light-dark(#175c4c, #7fd1b9)) }
:host([hidden]) { display: none }
div, p { margin: 0; display: flex; flex-wrap: wrap; gap: .7rem; align-items: center; outline: 0 }
p { inline-size: 100% }
p:empty { display: none }
button, a { box-sizing: border-box; min-block-size: 44px; padding: .5em 1.1em; font: inherit; font-weight: 600; text-decoration: none; display: flex; align-items: center; color: inherit; background: none; border: 1px solid color-mix(in srgb, currentColor 55%, transparent); border-radius: var(--countersign-radius, 10px); cursor: pointer }
.main { color: var(--countersign-on-accent, light-dark(#fff, #0c2620)); background: var(--accent); border-color: var(--accent) }
button:hover, a:hover { text-decoration: underline }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
@media (forced-colors: active) { .main { color: ButtonText } }
code { font: 700 1.6em/1.2 ui-monospace, monospace; letter-spacing: .06em }
`)

const make = (tag, props, ...children) => {
  const node = document.createElement(tag)
  for (const name in props) node.setAttribute(name, props[name])
  node.append(...children)
  return node
}

const button = (text, click, kind = '') => {
  const node = make('button', { type: 'button', class: kind, part: `button ${kind}` }, text)
  node.onclick = click
  return node
}

/** Https, or http on this machine. */
const usable = (link) => {
  const url = URL.parse(link)
  const local = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url?.hostname)
  return url?.protocol === 'https:' || (local && url.protocol === 'http:') ? url : undefined
}

/** A frame may be denied it. */
let storage
try {
  storage = sessionStorage
} catch {}

class CountersignConnect extends (globalThis.HTMLElement ?? Object) {
  static observedAttributes = ['provider', 'connection', 'endpoint', 'name']
  static texts = texts
  #flow = {}
  #say = make('p', { part: 'status', role: 'status' })
  #body = make('div', { part: 'body' })
  #box = make('div', { part: 'box', role: 'group', tabindex: -1 }, this.#say, this.#body)
  #root = this.attachShadow({ mode: 'open' })
  #stop = new AbortController()

  /** Here, moved, or loaded again: the flow goes on at the server meanwhile. */
  async connectedCallback() {
    this.#root.adoptedStyleSheets = [sheet]
    this.#root.append(this.#box)
    const signal = this.#anew({ status: 'idle' })
    const flow = storage?.getItem(this.#key)
    if (!flow) return
    const [status, body] = await this.#ask(`poll?flow_id=${flow}`)
    if (!signal.aborted && status === 200) this.#heard(body)
  }

  disconnectedCallback() {
    this.#stop.abort()
  }

  attributeChangedCallback(_name, before, now) {
    if (this.isConnected && before !== now) this.connectedCallback()
  }

  #anew(flow) {
    this.#stop.abort()
    this.#stop = new AbortController()
    this.#to(flow)
    return this.#stop.signal
  }

  async #start() {
    if (this.#flow.status === 'starting') return
    const signal = this.#anew({ status: 'starting' })
    const asked = { return_to: location.pathname + location.search }
    for (const name of ['provider', 'label', 'scopes', 'connection', 'return-to'])
      if (this.hasAttribute(name)) asked[name.replace('-', '_')] = this.getAttribute(name)
    const [status, body] = await this.#ask('start', asked)
    if (signal.aborted) return
    if (status !== 200) return this.#to({ status: 'error', error: body?.error })
    this.#heard(body)
    const there = usable(body.authorization_url)
    if (there) location.assign(there)
  }

  async #cancel() {
    const { signal } = this.#stop
    const [status, body] = await this.#ask('cancel', { flow_id: this.#flow.flow_id })
    if (signal.aborted) return
    // It may have been connected meanwhile.
    if (status === 200) this.#heard(body)
    else this.#say.textContent = texts.error
  }

  /** What the server says of the flow, however it came. */
  #heard(body) {
    const { flow_id, status } = body
    if (status !== 'pending') {
      storage?.removeItem(this.#key)
      this.#anew(body)
    } else if (this.#flow.flow_id !== flow_id) {
      storage?.setItem(this.#key, flow_id)
      const left = body.seconds_left ?? body.expires_at - Date.now() / 1000
      this.#to({ ...body, end: performance.now() + left * 1000 })
      this.#listen(body)
    }
  }

  /** Where the stream does not come through, asking does. */
  #listen({ flow_id, poll_interval_seconds }) {
    const { signal } = this.#stop
    const query = `?flow_id=${flow_id}`
    const repeat = (work, seconds) => {
      const timer = setInterval(work, seconds * 1000)
      signal.addEventListener('abort', () => clearInterval(timer))
    }
    let streams = false
    const source = new EventSource(`${this.#at}/events${query}`)
    source.onerror = () => (streams = false)
    source.addEventListener('status', ({ data }) => {
      streams = true
      this.#heard(JSON.parse(data))
    })
    signal.addEventListener('abort', () => source.close())
    repeat(() => this.#tick(), 1)
    repeat(
      async () => {
        const [status, body] = streams ? [0] : await this.#ask(`poll${query}`)
        if (signal.aborted || !status || status > 499) return
        this.#heard(status === 200 ? body : { flow_id, status: 'error', error: body.error })
      },
      Math.max(1, poll_interval_seconds || 3),
    )
  }

  /** 0: no answer. */
  async #ask(path, sent) {
    const headers = { 'Content-Type': 'application/json', 'X-CSRF-Token': this.getAttribute('csrf') ?? '' }
    try {
      const init = sent && { method: 'POST', headers, body: JSON.stringify(sent) }
      const response = await fetch(`${this.#at}/${path}`, init)
      return [response.status, await response.json()]
    } catch {
      return [0]
    }
  }

  #to(flow) {
    this.#flow = flow
    this.#show()
    const { flow_id, status, error } = flow
    if (['idle', 'starting', 'pending'].includes(status)) return
    const detail = { provider: this.getAttribute('provider'), flowId: flow_id, status, error }
    const type = status === 'success' ? 'countersign-connected' : 'countersign-failed'
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }))
  }

  #show() {
    const { status, error, user_code } = this.#flow
    const hadFocus = this.#root.activeElement
    this.#box.ariaLabel = this.#text('connect')
    const sentence = status === 'idle' ? '' : this.#text(user_code ? 'code' : status)
    this.#say.textContent = error ?? sentence
    this.#body.replaceChildren(...this.#content(this.#flow))
    this.#tick()
    // It is gone: what is to be done next gets it.
    if (hadFocus) (this.#body.querySelector('.main') ?? this.#box).focus()
  }

  #content({ status, user_code, action_required, ...flow }) {
    if (status === 'success') return []
    if (status !== 'pending') {
      const first = status === 'idle' || status === 'starting'
      const own = this.textContent.trim() ? make('slot') : this.#text('connect')
      const words = first ? own : texts.again
      return [button(words, () => this.#start(), 'main')]
    }
    const shown = usable(flow.verification_uri)
    const link = usable(flow.verification_uri_complete) ?? shown ?? usable(flow.authorization_url)
    const parts = [button(texts.cancel, () => this.#cancel()), make('time', { part: 'time' })]
    if (link) {
      const words = shown ? texts.open + shown.host + shown.pathname.replace(/\/$/, '') : this.#text('go')
      const where = shown && { target: '_blank', rel: 'noopener noreferrer' }
      parts.unshift(make('a', { href: link, class: 'main', part: 'link', ...where }, words))
    }
    if (action_required) parts.unshift(make('p', { part: 'action' }, action_required))
    if (!user_code) return parts
    const code = make('code', { part: 'code' }, user_code)
    return [code, button(texts.copy, () => this.#copy(code)), ...parts]
  }

  async #copy(code) {
    getSelection().selectAllChildren(code)
    const copying = navigator.clipboard?.writeText(code.textContent) ?? Promise.reject()
    this.#say.textContent = await copying.then(() => texts.copied).catch(() => texts.marked)
  }

  #tick() {
    const time = this.#body.querySelector('time')
    const left = Math.max(0, this.#flow.end - performance.now())
    if (time) time.textContent = new Date(left).toISOString().slice(14, 19) + texts.left
  }

  #text(name) {
    const provider = this.getAttribute('name') ?? this.#flow.provider_name ?? this.getAttribute('provider')
    return texts[name].replace('%', () => provider)
  }

  get #at() {
    const served = /(.*)\/element\.js/.exec(import.meta.url)?.[1]
    return this.getAttribute('endpoint') ?? served ?? '/api/onboarding/oauth'
  }

  get #key() {
    return ['countersign', this.#at, this.getAttribute('provider'), this.getAttribute('connection')].join()
  }
}

if (sheet && !customElements.get('countersign-connect'))
  customElements.define('countersign-connect', CountersignConnect)
