// A login in which the server asks for the characters of the approving browser, against scripted servers on real sockets.
// The server's own half is packages/server/src/return-codes.test.ts.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { type DeviceLoginOptions, deviceLogin } from './device-login.ts'
import { type ReturnCodeAsk, readReturnCodeAsk } from './return-code.ts'
import { returnCodeAsked as ask, failure } from './testing/answers.ts'
import {
  type Handler,
  json,
  paths,
  pending,
  reset,
  type ScriptedServer,
  slowDown,
  startScriptedServer,
  tokensOf,
} from './testing/scripted-server.ts'
import { patient, type VirtualSystem, virtualSystem } from './testing/virtual-time.ts'

let server: ScriptedServer
let system: VirtualSystem
beforeEach(async () => {
  server = await startScriptedServer()
  system = virtualSystem()
})
afterEach(() => server.close())

/** Answers `K7XMPQ` with tokens and anything else as a server of ours does. */
function serverThatAsks(): Handler {
  let tries = 3
  return (request, response) => {
    const { return_code: sent } = request.form
    if (sent === 'K7XMPQ') return json(200, tokensOf())(request, response)
    if (sent !== undefined) tries -= 1
    if (tries === 0)
      return json(400, { error: 'access_denied', error_description: 'Typed wrong too often.' })(
        request,
        response,
      )
    return ask(tries, sent === undefined ? undefined : true)(request, response)
  }
}

function login(more: Partial<DeviceLoginOptions> = {}): ReturnType<typeof deviceLogin> {
  return deviceLogin({ issuer: server.issuer, clientId: 'test-cli', onCode: () => {}, system, ...more })
}

function typing(...codes: string[]) {
  const asked: ReturnCodeAsk[] = []
  const onReturnCode = async (question: ReturnCodeAsk): Promise<string> => {
    asked.push(question)
    return codes[asked.length - 1] ?? assert.fail('asked too often')
  }
  return { asked, onReturnCode }
}

const sent = () => server.at(paths.token).map(({ form }) => form.return_code)

test('DV-18 a program that can ask says so, and one that cannot says nothing', async () => {
  await login({ onReturnCode: typing().onReturnCode })
  await login()
  assert.deepEqual(
    server.at(paths.device).map(({ form }) => form.return_code_supported),
    ['true', undefined],
  )
})

test('DV-18 what was typed goes along at once, without waiting for the interval', async () => {
  server.script(paths.token, [pending, serverThatAsks()])
  const { asked, onReturnCode } = typing(' K7XMPQ\n')
  const tokens = await login({ onReturnCode })
  assert.equal(tokens.accessToken, 'ACCESS-canary-1')
  assert.deepEqual(asked, [{ length: 6, triesLeft: 3, wrong: false }])
  assert.deepEqual(sent(), [undefined, undefined, 'K7XMPQ'])
})

test('DV-18 a wrong code is asked for again, with what is left; three end the sign-in with the server’s sentence', async () => {
  server.on(paths.token, serverThatAsks())
  const { asked, onReturnCode } = typing('AAAAAA', 'BBBBBB', 'CCCCCC')
  const error = await failure(login({ onReturnCode }))
  assert.deepEqual(asked, [
    { length: 6, triesLeft: 3, wrong: false },
    { length: 6, triesLeft: 2, wrong: true },
    { length: 6, triesLeft: 1, wrong: true },
  ])
  assert.equal(error.code, 'access_denied')
  assert.equal('description' in error && error.description, 'Typed wrong too often.')
  assert.deepEqual(sent().filter(Boolean), ['AAAAAA', 'BBBBBB', 'CCCCCC'])
})

test('DV-18 while somebody types the polls go on at the interval, so that an end in the browser is heard', async () => {
  server.script(paths.token, [ask(3), ask(3), ask(3), json(400, { error: 'access_denied' })])
  let wanted: AbortSignal | undefined
  const asked: ReturnCodeAsk[] = []
  const onReturnCode = (question: ReturnCodeAsk, signal: AbortSignal): Promise<string> => {
    asked.push(question)
    wanted = signal
    return new Promise(() => {})
  }
  assert.equal((await failure(login({ onReturnCode }))).code, 'access_denied')
  assert.equal(asked.length, 1)
  assert.deepEqual(system.slept, [1, 1, 1])
  assert.equal(wanted?.aborted, true, 'nothing is wanted any more')
  assert.deepEqual(
    server.at(paths.token).map(({ headers }) => headers.prefer),
    ['wait=20', undefined, undefined, undefined],
  )
})

test('DC-12 a code whose answer was lost, or that was told to slow down, is sent again after a wait', async () => {
  server.script(paths.token, [ask(3), reset, slowDown, serverThatAsks()])
  const { asked, onReturnCode } = typing('K7XMPQ')
  await login({ onReturnCode })
  assert.equal(asked.length, 1)
  assert.deepEqual(sent(), [undefined, 'K7XMPQ', 'K7XMPQ', 'K7XMPQ'])
  assert.deepEqual(system.slept.slice(-2), [2, 7])
})

test('DC-16 cancelling wins over the typing, and the request ends on the server', async () => {
  server.on(paths.token, ask(3))
  const stop = new AbortController()
  const onReturnCode = (_: ReturnCodeAsk, signal: AbortSignal): Promise<string> =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve('K7XMPQ'))
      stop.abort()
    })
  assert.equal(
    (await failure(login({ onReturnCode, signal: stop.signal, system: patient(system) }))).code,
    'cancelled',
  )
  assert.deepEqual(sent().filter(Boolean), [])
  assert.equal(server.at(paths.revoke)[0]?.form.token, 'DEVICE-CODE-canary')
})

test('whoever cannot ask after all ends the sign-in with their own error, and the request with it', async () => {
  server.on(paths.token, ask(3))
  const reason = new Error('no terminal')
  const error: unknown = await failure(
    login({ onReturnCode: () => Promise.reject(reason), system: patient(system) }),
  )
  assert.equal(error, reason)
  assert.equal(server.at(paths.revoke).length, 1)
})

test('a server that asks without having been told that it may is waited for as for any other', async () => {
  server.script(paths.token, [ask(3), json(200, tokensOf())])
  assert.equal((await login()).accessToken, 'ACCESS-canary-1')
})

test('F-17 what is no question of the known form is none', () => {
  for (const value of [
    undefined,
    null,
    'K7XMPQ',
    6,
    [],
    {},
    { length: 6 },
    { length: '6', tries_left: 3 },
    { length: 6.5, tries_left: 3 },
    { length: 6, tries_left: 0 },
    { length: 1e9, tries_left: 3 },
  ])
    assert.equal(readReturnCodeAsk(value), undefined, JSON.stringify(value))
  const read = readReturnCodeAsk({ length: 6, tries_left: 2, wrong: true, more: 1 })
  assert.deepEqual(read, { length: 6, triesLeft: 2, wrong: true })
})
