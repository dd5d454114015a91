// A person's browser, reduced to what approving needs: keeps cookies, follows redirects, sends the forms of the
// pages it is given with their hidden members. For the measure from approval to token; the bulk approvals of the
// rounds are in our-store.ts.

export type Page = { url: string; html: string; status: number }

export type Person = {
  visit: (url: string) => Promise<Page>
  /** Sends the form of a page that has a member or button of this name; resolves when the answer has come. */
  submit: (page: Page, having: string, values: Record<string, string>) => Promise<Page>
}

export function openPerson(): Person {
  const cookies = new Map<string, string>()
  const send = async (url: string, body?: URLSearchParams): Promise<Page> => {
    const headers: Record<string, string> = { accept: 'text/html' }
    if (cookies.size > 0) headers.cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    if (body !== undefined) headers.origin = new URL(url).origin
    const init = body === undefined ? {} : { method: 'POST', body }
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) keepCookie(cookies, line)
    const location = response.headers.get('location')
    const html = await response.text()
    if (location !== null && response.status >= 300 && response.status < 400) {
      return send(new URL(location, url).href)
    }
    return { url, html, status: response.status }
  }
  return {
    visit: (url) => send(url),
    submit: (page, having, values) => {
      const found = formHaving(page, having)
      return send(found.action, new URLSearchParams({ ...found.hidden, ...values }))
    },
  }
}

function keepCookie(cookies: Map<string, string>, line: string): void {
  const [pair = ''] = line.split(';')
  const equals = pair.indexOf('=')
  cookies.set(pair.slice(0, equals).trim(), pair.slice(equals + 1))
}

function formHaving(page: Page, having: string): { action: string; hidden: Record<string, string> } {
  for (const [whole, attributes = ''] of page.html.matchAll(/<form\b([^>]*)>[\s\S]*?<\/form>/gi)) {
    if (!new RegExp(`name="?${having}["\\s>]`).test(whole)) continue
    const hidden: Record<string, string> = {}
    for (const [input] of whole.matchAll(/<input\b[^>]*type="hidden"[^>]*>/gi)) {
      hidden[attribute(input, 'name') ?? ''] = attribute(input, 'value') ?? ''
    }
    return { action: new URL(attribute(attributes, 'action') ?? page.url, page.url).href, hidden }
  }
  throw new Error(`no form with ${having} on ${page.url} (status ${page.status})`)
}

function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\b${name}="([^"]*)"`, 'i').exec(tag)?.[1]
  return value?.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')
}
