// The alternating rounds: in each round every operation is measured on every server, one short window after the
// other, and the floor before and after each of them, so that a change of the machine's mood meets both. One-shot material (codes
// to approve, tokens to refresh) is made before its window or comes out of an earlier one. What is measured is in operations.ts.
import type { Floor } from './floor.ts'
import type { LoadGenerator } from './load-client.ts'
import type { LoadJob, LoadResult, Row } from './load-job.ts'
import { type OperationName, operations, signedWith } from './operations.ts'
import { jobDefaults, type Running, type Spelling, type Target, type TokenFormat } from './target.ts'
import { openWarmUp } from './warm-up.ts'

export type Contestant = { target: Target; running: Running }

export type Measurement = {
  round: number
  target: string
  operation: OperationName
  result: LoadResult
  /** The floor's rate around this window: the mean of the ones before and after it. */
  floorRate: number
}

export type RoundsPlan = { rounds: number; seconds: number; say: (line: string) => void }

type Pool = {
  pending: Row[]
  approved: Record<TokenFormat, Row[]>
  authorizationCodes: Row[]
  refreshTokens: Row[]
  accessTokens: Record<TokenFormat, Row[]>
  /** What the last round reached, to know how much material a window needs. */
  rates: Partial<Record<OperationName, number>>
}

export const codeMembers = {
  device_code: '"device_code":\\s*"([^"]+)"',
  user_code: '"user_code":\\s*"([^"]+)"',
}
const tokenMembers = {
  access_token: '"access_token":\\s*"([^"]+)"',
  refresh_token: '"refresh_token":\\s*"([^"]+)"',
}

const smallestStock = 200
const largestStock = 15_000

/** Runs warm-up rounds, which are thrown away, until no server gets faster any more (warm-up.ts), and then the measured ones. */
export async function runRounds(
  floor: Floor,
  contestants: Contestant[],
  load: LoadGenerator,
  plan: RoundsPlan,
): Promise<Measurement[]> {
  const pools = new Map(contestants.map(({ target }) => [target.name, emptyPool()]))
  const bare = contestants.find(({ target }) => target.name === floor.name)
  let turn = 0
  const run = (floorBetween: boolean, each: (measured: Measured) => Promise<void> | void) => {
    // The order turns by one each round, so that no server always follows the same neighbour.
    const servers = contestants.filter((one) => one !== bare)
    const order = [...servers.slice(turn % servers.length), ...servers.slice(0, turn % servers.length)]
    turn += 1
    return runRound({ bare, order, floorBetween }, pools, load, plan.seconds, each)
  }

  const isWarm = openWarmUp()
  for (let warm = false; !warm; ) {
    plan.say('warming up')
    const rates = new Map<string, number[]>()
    await run(false, async ({ target, operation, result }) => {
      rates.set(target, [...(rates.get(target) ?? []), result.rate])
      if (target.startsWith('countersign') && result.completed > 0 && result.failures === 0)
        await floor.learn(operation, result.firstAnswer)
    })
    warm = isWarm(rates)
  }

  const measurements: Measurement[] = []
  for (let round = 1; round <= plan.rounds; round += 1) {
    plan.say(`round ${round} of ${plan.rounds}`)
    await run(true, (measured) => void measurements.push({ round, ...measured }))
  }
  return measurements
}

type Measured = Omit<Measurement, 'round'>

type Order = {
  bare: Contestant | undefined
  order: Contestant[]
  /** The floor after each server, too; a warm-up measures it once. */
  floorBetween: boolean
}

/** Every operation on every server, one window each. */
async function runRound(
  { bare, order, floorBetween }: Order,
  pools: Map<string, Pool>,
  load: LoadGenerator,
  seconds: number,
  each: (measured: Measured) => Promise<void> | void,
): Promise<void> {
  const poolOf = (target: Target) => pools.get(target.name) ?? emptyPool()
  const measure = async (operation: OperationName, { target, running }: Contestant) => {
    const pool = poolOf(target)
    const job = jobOf(operation, target, running, pool, seconds)
    if (job === null) return undefined
    const result = await load.run(job)
    if (target.name !== 'floor') checkSignature(operation, result)
    keep(operation, result, pool)
    return result
  }
  const measureFloor = async (operation: OperationName): Promise<number> => {
    const result = bare && (await measure(operation, bare))
    if (result === undefined) return 0
    await each({ target: 'floor', operation, result, floorRate: result.rate })
    return result.rate
  }

  for (const { target, running } of order) await stock(target, running, poolOf(target), load, seconds)
  for (const operation of operations) {
    let before = await measureFloor(operation)
    for (const one of order) {
      const result = await measure(operation, one)
      if (result === undefined) continue
      const after = floorBetween ? await measureFloor(operation) : before
      await each({ target: one.target.name, operation, result, floorRate: (before + after) / 2 })
      before = after
    }
  }
}

function emptyPool(): Pool {
  return {
    pending: [],
    approved: { opaque: [], jwt: [] },
    authorizationCodes: [],
    refreshTokens: [],
    accessTokens: { opaque: [], jwt: [] },
    rates: {},
  }
}

/** Makes as many codes as the round's redemptions can use up, approved and allowed; not measured. */
async function stock(
  target: Target,
  running: Running,
  pool: Pool,
  load: LoadGenerator,
  seconds: number,
): Promise<void> {
  const countFor = (operation: OperationName) => {
    const wanted = Math.ceil((pool.rates[operation] ?? 0) * seconds * 1.2)
    return Math.min(Math.max(wanted, smallestStock), largestStock)
  }
  const make = async (spelling: Spelling, format: TokenFormat, operation: OperationName) => {
    const limit = countFor(operation)
    const result = await load.run({ ...jobDefaults(running), ...spelling, limit, collect: codeMembers })
    const rows = zipCodes(result)
    if (rows.length < limit)
      throw new Error(`${target.name} made ${rows.length} of ${limit} codes: ${why(result)}`)
    await running.approve(rows, format, load)
    pool.approved[format] = rows
  }
  const authorize = target.spell['device authorization']
  if (authorize !== undefined) await make(authorize, 'opaque', 'redemption, opaque')
  if (target.authorizeJwt !== null) await make(target.authorizeJwt, 'jwt', 'redemption, ES256 JWT')
  pool.authorizationCodes = await running.makeCodes(countFor('code redemption, opaque'))
}

function jobOf(
  operation: OperationName,
  target: Target,
  running: Running,
  pool: Pool,
  seconds: number,
): LoadJob | null {
  const spelling = target.spell[operation]
  if (spelling === undefined) return null
  const job: LoadJob = { ...jobDefaults(running), ...spelling, seconds }
  if (target.name === 'floor') return job
  switch (operation) {
    case 'metadata':
      return job
    case 'device authorization':
      return { ...job, collect: codeMembers }
    case 'poll of a pending code':
      return { ...job, rows: pool.pending, use: 'once' }
    case 'poll in a tight loop':
      return { ...job, rows: pool.pending.slice(0, job.connections), use: 'own' }
    case 'redemption, opaque':
      return { ...job, rows: pool.approved.opaque, use: 'once', collect: tokenMembers }
    case 'redemption, ES256 JWT':
      return { ...job, rows: pool.approved.jwt, use: 'once', collect: tokenMembers }
    case 'code redemption, opaque':
      return { ...job, rows: pool.authorizationCodes, use: 'once' }
    case 'refresh':
      return { ...job, rows: pool.refreshTokens, use: 'once', collect: tokenMembers }
    case 'client credentials, ES256':
    case 'client credentials, EdDSA':
      return job
    case 'introspection, opaque':
      return { ...job, rows: pool.accessTokens.opaque, use: 'repeat' }
    case 'introspection, JWT':
      return { ...job, rows: pool.accessTokens.jwt, use: 'repeat' }
  }
}

/** Keeps what later operations of the round use up. */
function keep(operation: OperationName, result: LoadResult, pool: Pool): void {
  pool.rates[operation] = result.rate
  if (operation === 'device authorization') pool.pending = zipCodes(result)
  const { access_token: accessTokens = [], refresh_token: refreshTokens = [] } = result.collected
  const format = operation === 'redemption, ES256 JWT' ? 'jwt' : 'opaque'
  if (accessTokens.length > 0) pool.accessTokens[format] = accessTokens.map((token) => [token])
  if (operation === 'redemption, opaque') pool.refreshTokens = refreshTokens.map((token) => [token])
}

/** A token that another algorithm signed, or none, is another operation: it counts as an unexpected answer. */
function checkSignature(operation: OperationName, result: LoadResult): void {
  const alg = signedWith[operation]
  const [, token = ''] = /"access_token":\s*"([^"]+)"/.exec(result.firstAnswer) ?? []
  if (alg === undefined || algOf(token) === alg) return
  result.failures += 1
  result.failureExamples.push(`not signed with ${alg}: ${result.firstAnswer}`)
}

function algOf(jwt: string): unknown {
  try {
    return JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString()).alg
  } catch {
    return undefined
  }
}

export function zipCodes(result: LoadResult): Row[] {
  const { device_code: deviceCodes = [], user_code: userCodes = [] } = result.collected
  return deviceCodes.map((code, index) => [code, userCodes[index] ?? ''])
}

export function why(result: LoadResult): string {
  return result.failureExamples[0] ?? 'no answer was unexpected'
}
