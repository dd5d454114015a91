// The device flow over a test server in single steps: ask, decide, poll, and the tokens of a finished sign-in.
// Decisions are made as the approval page makes them, by the rule and the store; the page itself is tested with the pages.

import assert from 'node:assert/strict'
import { type Account, type Decision, deviceAuthorization } from '@countersign/protocol'
import { deviceGrantType } from '../endpoints/device-authorize.ts'
import type { PlainResponse } from '../http.ts'
import { deviceCodeId } from '../tokens.ts'
import { type CallOptions, confidentialSecret, type TestServer, testAccount, testClient } from './services.ts'

export interface StartedDevice {
  readonly device_code: string
  readonly user_code: string
  readonly verification_uri: string
  readonly verification_uri_complete: string
  readonly expires_in: number
  readonly interval: number
}

export interface TokenAnswer {
  readonly access_token: string
  readonly refresh_token: string
  readonly id_token?: string
  readonly token_type: string
  readonly expires_in: number
  readonly refresh_token_expires_in?: number
  readonly authorization_expires_in?: number
  readonly scope?: string
}

/** The JSON body of an answer, which must be an object. */
export function bodyOf<T = Record<string, unknown>>(response: PlainResponse): T {
  const value: unknown = JSON.parse(response.body)
  assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value), response.body)
  return value as T
}

/** Status and error code of an OAuth error, whose shape is looked at on the way (standards.md F-01). */
export function errorOf(response: PlainResponse): string {
  const { error, error_description: description, ...rest } = bodyOf(response)
  assert.equal(response.headers['content-type'], 'application/json')
  assert.equal(response.headers['cache-control'], 'no-store')
  assert.match(String(error), /^[a-z_]+$/)
  assert.match(String(description ?? ''), /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/)
  assert.deepEqual(rest, {})
  return `${response.status} ${String(error)}`
}

export function basic(id: string, secret: string = confidentialSecret): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }
}

export async function startDevice(
  server: TestServer,
  form: Readonly<Record<string, string>> | string = {},
  more: CallOptions = {},
): Promise<StartedDevice> {
  const full = typeof form === 'string' || more.headers ? form : { client_id: testClient.id, ...form }
  const response = await server.call('POST', '/oauth/device/authorize', { form: full, ...more })
  assert.equal(response.status, 200, response.body)
  return bodyOf<StartedDevice>(response)
}

export function decisionBy(account: Account, at: number, reportedAsAttack = false): Decision {
  return {
    accountId: account.id,
    at,
    authTime: at - 30,
    amr: ['pwd'],
    address: '198.51.100.7',
    userAgent: 'Browser/1',
    reportedAsAttack,
    grantId: null,
  }
}

export async function approveDevice(
  server: TestServer,
  deviceCode: string,
  account: Account = testAccount,
): Promise<void> {
  const { store, system } = server.services
  const record = await store.read('deviceAuthorization', deviceCodeId(deviceCode))
  assert.ok(record)
  const decided = deviceAuthorization.approve(record, decisionBy(account, system.now()), account)
  assert.equal(decided.outcome, 'decided')
  assert.equal(await store.apply(decided.writes), 'applied')
}

export async function denyDevice(
  server: TestServer,
  deviceCode: string,
  { reported = false, account = testAccount }: { reported?: boolean; account?: Account } = {},
): Promise<void> {
  const { store, system } = server.services
  const record = await store.read('deviceAuthorization', deviceCodeId(deviceCode))
  assert.ok(record)
  const decided = deviceAuthorization.deny(record, decisionBy(account, system.now(), reported))
  assert.equal(decided.outcome, 'decided')
  assert.equal(await store.apply(decided.writes), 'applied')
}

export function pollDevice(
  server: TestServer,
  deviceCode: string,
  form: Readonly<Record<string, string>> | string = {},
  more: CallOptions = {},
): Promise<PlainResponse> {
  const identity = more.headers?.authorization === undefined ? { client_id: testClient.id } : {}
  const base = { grant_type: deviceGrantType, device_code: deviceCode, ...identity }
  const full =
    typeof form === 'string' ? `${new URLSearchParams(base).toString()}&${form}` : { ...base, ...form }
  return server.call('POST', '/oauth/token', { form: full, ...more })
}

/** A whole sign-in; the account must exist. */
export async function signIn(
  server: TestServer,
  form: Readonly<Record<string, string>> | string = {},
  more: CallOptions = {},
): Promise<TokenAnswer> {
  const device = await startDevice(server, form, more)
  await approveDevice(server, device.device_code)
  const response = await pollDevice(server, device.device_code, {}, more)
  assert.equal(response.status, 200, response.body)
  return bodyOf<TokenAnswer>(response)
}

export function refresh(
  server: TestServer,
  refreshToken: string,
  form: Readonly<Record<string, string>> | string = {},
  more: CallOptions = {},
): Promise<PlainResponse> {
  const identity = more.headers?.authorization === undefined ? { client_id: testClient.id } : {}
  const base = { grant_type: 'refresh_token', refresh_token: refreshToken, ...identity }
  const full =
    typeof form === 'string' ? `${new URLSearchParams(base).toString()}&${form}` : { ...base, ...form }
  return server.call('POST', '/oauth/token', { form: full, ...more })
}

/** What the introspection endpoint says to a confidential client, which must be registered. */
export async function introspect(
  server: TestServer,
  token: string,
  clientId: string,
): Promise<Record<string, unknown>> {
  const headers = basic(clientId)
  const response = await server.call('POST', '/oauth/introspect', { form: { token }, headers })
  assert.equal(response.status, 200, response.body)
  return bodyOf(response)
}

/**
 * The text with another character at this place, by itself the first of a JWT's signature. Not the last one: some of its bits may
 * count for nothing.
 */
export function tampered(text: string, at: number = text.lastIndexOf('.') + 1): string {
  return `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
}

/** The claims of a JWT, not verified. */
export function claimsOf(jwt: string): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [head = '', body = ''] = jwt.split('.')
  const parse = (part: string) =>
    JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>
  return { header: parse(head), claims: parse(body) }
}
