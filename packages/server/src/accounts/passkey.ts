// Passkeys (WebAuthn level 3): registering one, signing in with one. The checks are @simplewebauthn/server's.
// A challenge is sealed into the form that carries it, bound to the browser, short-lived and good for one use.
// The forms are pages/sign-in.ts and pages/account-passkeys.ts; the browser's half is pages/script.ts.

import { isIP } from 'node:net'
import type { Account, Passkey, Write } from '@countersign/protocol'
import { digest } from '../secrets.ts'
import type { Services } from '../services.ts'
import { cleanText } from '../text.ts'
import { knownAs } from './email.ts'

/** Options for the browser as JSON, and the sealed challenge that has to come back with its answer. */
export interface Ceremony {
  readonly options: string
  readonly challenge: string
}

type Purpose = 'register' | 'sign in'

const challengeSeconds = 600

// EdDSA, ES256, RS256 as COSE numbers: what authenticators have today.
const algorithms = [-8, -7, -257]

/** WebAuthn names a host, never an address: with an IP address as issuer there are no passkeys. */
export function passkeysPossible({ config }: Services): boolean {
  return isIP(new URL(config.issuer).hostname.replace(/^\[|\]$/g, '')) === 0
}

export async function beginSignIn(services: Services, browser: string): Promise<Ceremony> {
  const { generateAuthenticationOptions } = await library()
  const challenge = services.system.random(32)
  const options = await generateAuthenticationOptions({
    rpID: rpId(services),
    challenge: new Uint8Array(challenge),
    userVerification: 'required',
  })
  return {
    options: JSON.stringify(options),
    challenge: sealChallenge(services, 'sign in', browser, options.challenge),
  }
}

export async function beginRegistration(
  services: Services,
  browser: string,
  account: Account,
  known: readonly Passkey[],
): Promise<Ceremony> {
  const { generateRegistrationOptions } = await library()
  const options = await generateRegistrationOptions({
    rpName: 'Countersign',
    rpID: rpId(services),
    userName: knownAs(account),
    userDisplayName: account.name || knownAs(account),
    userID: new TextEncoder().encode(account.id),
    challenge: new Uint8Array(services.system.random(32)),
    attestationType: 'none',
    supportedAlgorithmIDs: algorithms,
    excludeCredentials: known.map(({ id, transports }) => ({ id, transports: [...transports] })),
    // Discoverable, so that signing in needs no e-mail address first.
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  })
  return {
    options: JSON.stringify(options),
    challenge: sealChallenge(services, 'register', browser, options.challenge),
  }
}

export interface Answer {
  /** What the browser's credential said, as JSON. */
  readonly credential: string | undefined
  readonly challenge: string | undefined
  readonly browser: string
}

/** The writes that keep a new passkey, or undefined when the answer does not hold. */
export async function finishRegistration(
  services: Services,
  account: Account,
  answer: Answer,
  name: string,
): Promise<readonly Write[] | undefined> {
  const challenge = openChallenge(services, 'register', answer)
  const response = parseCredential(answer.credential)
  if (challenge === undefined || response === undefined) return undefined
  const { verifyRegistrationResponse } = await library()
  const verified = await verifyRegistrationResponse({
    response: response as Parameters<typeof verifyRegistrationResponse>[0]['response'],
    expectedChallenge: challenge,
    expectedOrigin: new URL(services.config.issuer).origin,
    expectedRPID: rpId(services),
    requireUserVerification: true,
    supportedAlgorithmIDs: algorithms,
  }).catch(() => undefined)
  if (!verified?.verified) return undefined
  const { credential } = verified.registrationInfo
  const record: Passkey = {
    id: credential.id,
    version: 0,
    accountId: account.id,
    publicKey: Buffer.from(credential.publicKey).toString('base64url'),
    counter: credential.counter,
    transports: (credential.transports ?? []).slice(0, 8).map((transport) => String(transport).slice(0, 32)),
    name: cleanText(name, 60) ?? 'Passkey',
    createdAt: services.system.now(),
    lastUsedAt: null,
  }
  return [spendChallenge(services, challenge), { op: 'insert', kind: 'passkey', record }]
}

/** Whose passkey answered, and the writes that note its use; undefined when the answer does not hold. */
export async function finishSignIn(
  services: Services,
  answer: Answer,
): Promise<{ readonly account: Account; readonly writes: readonly Write[] } | undefined> {
  const challenge = openChallenge(services, 'sign in', answer)
  const response = parseCredential(answer.credential)
  if (challenge === undefined || response === undefined) return undefined
  const found = await services.store.readWithAccount('passkey', response.id)
  if (found?.account === undefined || found.account.disabledAt !== null) return undefined
  const { record, account } = found
  const { verifyAuthenticationResponse } = await library()
  const verified = await verifyAuthenticationResponse({
    response: response as Parameters<typeof verifyAuthenticationResponse>[0]['response'],
    expectedChallenge: challenge,
    expectedOrigin: new URL(services.config.issuer).origin,
    expectedRPID: rpId(services),
    credential: {
      id: record.id,
      publicKey: new Uint8Array(Buffer.from(record.publicKey, 'base64url')),
      counter: record.counter,
    },
    requireUserVerification: true,
  }).catch(() => undefined)
  if (!verified?.verified) return undefined
  const counter = verified.authenticationInfo.newCounter
  const used = { ...record, counter, lastUsedAt: services.system.now() }
  const writes: Write[] = [
    spendChallenge(services, challenge),
    { op: 'update', kind: 'passkey', record: used },
  ]
  return { account, writes }
}

// Loaded at the first use: the library costs more to load than the rest of the server.
const library = () => import('@simplewebauthn/server')

function rpId({ config }: Services): string {
  return new URL(config.issuer).hostname
}

function sealChallenge(
  { secrets, system }: Services,
  purpose: Purpose,
  browser: string,
  challenge: string,
): string {
  const expiresAt = system.now() + challengeSeconds
  return secrets.seal(
    `passkey ${purpose}`,
    JSON.stringify({ challenge, browser: digest(browser), expiresAt }),
  )
}

function openChallenge({ secrets, system }: Services, purpose: Purpose, answer: Answer): string | undefined {
  const text = answer.challenge && secrets.unseal(`passkey ${purpose}`, answer.challenge)
  if (!text) return undefined
  const sealed = JSON.parse(text) as { challenge: string; browser: string; expiresAt: number }
  if (sealed.browser !== digest(answer.browser) || system.now() >= sealed.expiresAt) return undefined
  return sealed.challenge
}

// WebAuthn §13.4.3: a challenge is good once. The insert conflicts when the same answer is sent again.
function spendChallenge({ system }: Services, challenge: string): Write {
  const record = {
    id: `passkey-challenge ${digest(challenge)}`,
    version: 0,
    value: '',
    expiresAt: system.now() + challengeSeconds,
  }
  return { op: 'insert', kind: 'setting', record }
}

// Only the outer form is looked at here; everything inside is judged by the library.
function parseCredential(text: string | undefined): { readonly id: string } | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '')
    if (typeof value !== 'object' || value === null || !('id' in value)) return undefined
    return typeof value.id === 'string' && value.id.length <= 1400 ? (value as { id: string }) : undefined
  } catch {
    return undefined
  }
}
