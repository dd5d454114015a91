// Somebody connects accounts by a code and there and back, while everything that a browser, a log or a database holds of it is kept, and
// every secret that the provider gave out. What may be where is said in canary.test.ts, and for PostgreSQL in canary.postgres.test.ts.

import { type ConnectionsWorld, openThere, pressConnect, startCode } from '../journey/connections-world.ts'
import { answerCodeThere, answerThere } from '../support/connection-upstream.ts'

export interface Kept {
  /** Answers of our server, with their headers, by what was asked for. */
  readonly answers: Map<string, string>
  readonly addresses: string[]
  /** The database while a code waited for its person, and after everything. */
  readonly stored: Buffer[]
}

export async function journey(world: ConnectionsWorld, readStore: () => Promise<Buffer>): Promise<Kept> {
  const kept: Kept = { answers: new Map(), addresses: [], stored: [] }
  const page = await world.open('mia')
  const reading: Promise<void>[] = []
  page.context().on('request', (request) => kept.addresses.push(request.url()))
  page.context().on('response', (response) => {
    if (!response.url().startsWith(world.issuer)) return
    const read = async () => {
      const headers = JSON.stringify(await response.allHeaders())
      const body = await response.text().catch(() => '')
      kept.answers.set(`${kept.answers.size} ${response.url()}`, headers + body)
    }
    // A page that is left may take its answers with it.
    reading.push(read().catch(() => {}))
  })
  const { code } = await startCode(page, 'Corp', 'By a code')
  kept.stored.push(await readStore())
  await answerCodeThere(await openThere(page, 'Corp'), code, 'mia-there')
  await page.getByText('Corp is connected').waitFor()
  await pressConnect(page, 'Shop', 'There and back')
  await page.waitForURL(`${world.upstream.issuer}/**`)
  kept.stored.push(await readStore())
  await answerThere(page, 'mia-there')
  await page.getByText('Shop is connected').waitFor()
  const second = await startCode(page, 'Corp')
  await answerCodeThere(await openThere(page, 'Corp'), second.code, 'no')
  await page.getByText('You said no').waitFor()
  await startCode(page, 'Corp')
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('heading', { name: 'Cancelled' }).waitFor()
  await page.goto('/account/connections')
  kept.stored.push(await readStore())
  await page.locator('#connected summary').first().click()
  await page.getByRole('button', { name: 'Disconnect' }).first().click()
  await page.getByText('It was disconnected').waitFor()
  await page.goto('/account')
  await Promise.all(reading)
  kept.stored.push(await readStore())
  return kept
}

export const kindsOfSecrets = [
  'device_code',
  'code',
  'code_verifier',
  'access_token',
  'refresh_token',
  'id_token',
]

/** Kinds of secrets of which one is in there: as it is, or in hexadecimal, base64 or percent signs. */
export function leaked(
  world: ConnectionsWorld,
  where: string | Buffer,
  but: readonly string[] = [],
): string[] {
  const text = typeof where === 'string' ? where : where.toString('latin1')
  return [...world.upstream.secrets].flatMap(([kind, values]) =>
    !but.includes(kind) && [...values].some((value) => formsOf(value).some((form) => text.includes(form)))
      ? [kind]
      : [],
  )
}

export function formsOf(secret: string): string[] {
  const hex = Buffer.from(secret).toString('hex')
  // In the middle of other bytes base64 begins at one of three places; the ends depend on the neighbours.
  const base64 = ['', 'x', 'xx'].map((before) =>
    Buffer.from(before + secret)
      .toString('base64')
      .slice(4, -4),
  )
  const base64url = base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))
  const everyByte = hex.replace(/../g, '%$&')
  // The tail of a long one counts, for what was cut is half told.
  const tail = secret.length > 60 ? [secret.slice(-30)] : []
  return [secret, hex, hex.toUpperCase(), everyByte, ...base64, ...base64url, ...tail]
}
