// A person at the real pages over plain HTTP, without a browser: keeps cookies, follows redirects, posts the forms
// that the pages hold. For tests that need approvals, many of them quickly; what a person sees is test/journey.

import type { Store } from '@countersign/server'
import { type Exit, runProgram } from './process.ts'

export const mia = { email: 'mia@example.com', password: 'cobalt-canary-lantern-42' }

export type Decide = 'allow' | 'deny' | 'report'

export type Person = {
  signIn: (who?: { email: string; password: string }) => Promise<void>
  /**
   * Opens the complete link and decides; rejects unless the page confirms the decision. `beforeSending` is called, and
   * awaited, when the page is there and nothing remains but to send the decision. Resolves with the characters to type back
   * into the terminal, where the page shows some.
   */
  decide: (
    userCode: string,
    choice: Decide,
    beforeSending?: () => void | Promise<void>,
  ) => Promise<string | undefined>
  /** Opens an authorization request, agrees or not where asked, and returns the address that the client is called back at. */
  authorize: (url: URL, choice?: 'allow' | 'deny') => Promise<URL>
  /** The forms of a page, as this browser would send them. */
  formsOn: (path: string) => Promise<Form[]>
}

export type Form = { action: string; hidden: Record<string, string>; cookie: string }

/** `left` is where the server sent the browser away to. */
type Page = { status: number; path: string; html: string; left?: URL }

/** `countersign users add` on the data of a server. */
export async function addMia(...where: string[]): Promise<void> {
  const args = ['users', 'add', mia.email, '--name', 'Mia', '--password-stdin', ...where]
  succeeded(await runProgram(args, { input: mia.password }))
}

/** `countersign clients add`; the secret, when there is one, has 32 characters or more. */
export async function addClient(id: string, secret: string | undefined, ...more: string[]): Promise<void> {
  const kind = secret === undefined ? ['--public'] : ['--secret-stdin']
  const args = ['clients', 'add', id, '--name', id, ...kind, ...more]
  succeeded(await runProgram(args, secret === undefined ? {} : { input: secret }))
}

function succeeded({ code, stdout, stderr }: Exit): void {
  if (code !== 0) throw new Error(`the program ended with ${code}: ${stdout}${stderr}`)
}

/**
 * `issuer` is asked at each step, because a server that is started again may have another port. `headers` are sent with each
 * request, such as what a proxy would add.
 */
export function openPerson(issuer: () => string, headers: Record<string, string> = {}): Person {
  const cookies = new Map<string, string>()
  const cookieLine = () => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const send = async (path: string, form?: Record<string, string>): Promise<Page> => {
    const cookie = cookieLine()
    const response = await fetch(issuer() + path, {
      redirect: 'manual',
      headers: {
        accept: 'text/html',
        'sec-fetch-site': 'same-origin',
        ...headers,
        ...(cookie ? { cookie } : {}),
      },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      cookies.set(name, value)
    }
    const html = await response.text()
    const location = response.headers.get('location')
    if ((response.status === 303 || response.status === 302) && location !== null) {
      const next = new URL(location, issuer())
      if (next.origin === new URL(issuer()).origin) return send(next.pathname + next.search)
      return { status: response.status, path, html, left: next }
    }
    // After a form of ours the page that answers it goes on by itself.
    const [, onward] = /^0;url=(.+)$/.exec(response.headers.get('refresh') ?? '') ?? []
    if (onward !== undefined) return { status: response.status, path, html, left: new URL(onward) }
    return { status: response.status, path, html }
  }
  return {
    async signIn({ email, password } = mia) {
      const page = await send('/login')
      const shown = await send('/login', { ...hiddenOf(page, 'password'), email, password })
      if (shown.path === '/login') throw new Error(`signing in ended on ${shown.path} with ${shown.status}`)
    },
    async decide(userCode, choice, beforeSending) {
      const page = await send(`/device/${userCode}`)
      const form = { ...hiddenOf(page, 'decision'), decision: choice, confirm: 'yes' }
      await beforeSending?.()
      const shown = await send('/device/decision', form)
      const expected = choice === 'allow' ? ['/device/connected', '/device/return-code'] : ['/device/denied']
      if (!expected.includes(shown.path))
        throw new Error(`deciding ended on ${shown.path} with ${shown.status}`)
      return /return-code[^>]*><bdi dir="ltr">(\w{6})</.exec(shown.html)?.[1]
    },
    async authorize(url, choice = 'allow') {
      const page = await send(url.pathname + url.search)
      if (page.left !== undefined) return page.left
      const shown = await send('/consent', {
        ...hiddenOf(page, 'decision'),
        ...checkedOf(page, 'decision'),
        decision: choice,
      })
      if (shown.left === undefined) throw new Error(`agreeing ended on ${shown.path} with ${shown.status}`)
      return shown.left
    },
    async formsOn(path) {
      const { html } = await send(path)
      return formsOf(html).map(({ action, hidden }) => ({ action, hidden, cookie: cookieLine() }))
    },
  }
}

function formsOf(html: string): { action: string; hidden: Record<string, string>; text: string }[] {
  return [...html.matchAll(/<form\b[^>]*?action="([^"]*)"[\s\S]*?<\/form>/g)].map(([text, action = '']) => {
    const inputs = [...text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)]
    return {
      action,
      text,
      hidden: Object.fromEntries(inputs.map(([, name = '', value = '']) => [name, value])),
    }
  })
}

/** The hidden fields of the form that has a field or button of this name. */
function hiddenOf(page: Page, having: string): Record<string, string> {
  const form = formsOf(page.html).find(({ text }) => text.includes(`name="${having}"`))
  if (form === undefined) throw new Error(`no form with ${having} on ${page.path} (${page.status})`)
  return form.hidden
}

/** The boxes of the form that are ticked when the page opens. */
function checkedOf(page: Page, having: string): Record<string, string> {
  const form = formsOf(page.html).find(({ text }) => text.includes(`name="${having}"`))
  const boxes = form?.text.match(/<input\b[^>]*type="checkbox"[^>]*>/g) ?? []
  const ticked = boxes.filter((box) => /\bchecked\b/.test(box))
  const attribute = (box: string, name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(box)?.[1] ?? ''
  return Object.fromEntries(ticked.map((box) => [attribute(box, 'name'), attribute(box, 'value')]))
}

/** Gives back the tries that were spent on guesses, which would brake the honest for an hour. */
export async function forgetTries(store: Store): Promise<void> {
  for (const record of await store.list('attempts')) {
    await store.apply([{ op: 'delete', kind: 'attempts', record }])
  }
}
