// The load generator: a process of its own, on a core of its own, that runs one window of load per job.
// Requests are built before the clock starts and answers are searched after it has stopped.
// The connection itself is in load-connection.ts; who asks for windows is rounds.ts, through load-client.ts.
import { readFileSync } from 'node:fs'
import { type Connection, openConnection } from './load-connection.ts'
import type { LoadJob, LoadResult, RequestTemplate, Row } from './load-job.ts'

const stuckSeconds = 60

process.on('message', async (job: LoadJob) => {
  try {
    process.send?.({ result: await runWindow(job) })
  } catch (error) {
    process.send?.({ failed: error instanceof Error ? error.message : String(error) })
  }
})
process.on('disconnect', () => process.exit(0))

async function runWindow(job: LoadJob): Promise<LoadResult> {
  const requests = buildRequests(job)
  const tally = openTally(job)
  const watch = { deadline: 0, started: 0, ended: 0, sent: 0 }
  const limit = Math.min(job.limit, job.use === 'once' ? requests.length : Number.POSITIVE_INFINITY)
  const connections: Connection[] = []
  let idle = 0
  let finish: () => void = () => undefined
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const count = job.use === 'own' ? Math.min(job.connections, requests.length) : job.connections

  const next = (index: number) => {
    const connection = connections[index]
    if (connection === undefined || watch.sent >= limit || performance.now() >= watch.deadline) {
      idle += 1
      if (idle === count) finish()
      return
    }
    const request = requests[(job.use === 'own' ? index : watch.sent) % requests.length]
    watch.sent += 1
    if (request !== undefined) connection.send(request)
  }
  for (let index = 0; index < count; index += 1) {
    const connection = await openConnection(
      job.port,
      (answer) => {
        tally.answer(answer)
        watch.ended = performance.now()
        next(index)
      },
      (why) => {
        tally.failure(why)
        idle += 1
        if (idle === count) finish()
      },
    )
    connections.push(connection)
  }

  const busyBefore = processorSeconds(job.serverPid)
  const usage = process.cpuUsage()
  watch.started = performance.now()
  watch.deadline = watch.started + job.seconds * 1000
  for (let index = 0; index < count; index += 1) next(index)
  const stuck = setTimeout(finish, (job.seconds + stuckSeconds) * 1000)
  await finished
  clearTimeout(stuck)
  const used = process.cpuUsage(usage)
  const busyAfter = processorSeconds(job.serverPid)
  for (const connection of connections) connection.close()
  if (idle < count) tally.failure(`${count - idle} requests had no answer after ${stuckSeconds} s`)

  const seconds = (watch.ended - watch.started) / 1000
  const counted = tally.close()
  return {
    ...counted,
    seconds,
    rate: counted.completed === 0 ? 0 : counted.completed / seconds,
    loadBusy: (used.user + used.system) / 1e6 / seconds,
    serverBusy: busyBefore === null || busyAfter === null ? null : (busyAfter - busyBefore) / seconds,
  }
}

function buildRequests(job: LoadJob): Buffer[] {
  if (job.rows.length === 0) return [buildRequest(job.request, [], job.port)]
  return job.rows.map((row) => buildRequest(job.request, row, job.port))
}

function buildRequest(template: RequestTemplate, row: Row, port: number): Buffer {
  const fill = (text: string) => text.replace(/\{(\d)\}/g, (_, index) => row[Number(index)] ?? '')
  const body = fill(template.body)
  const headers = Object.entries(template.headers).map(([name, value]) => `${name}: ${fill(value)}\r\n`)
  const length = template.method === 'POST' ? `Content-Length: ${Buffer.byteLength(body)}\r\n` : ''
  return Buffer.from(
    `${template.method} ${fill(template.path)} HTTP/1.1\r\nHost: localhost:${port}\r\n${headers.join('')}${length}\r\n${body}`,
  )
}

/** Judges every answer as it comes; keeps answers only if something is to be collected from them. */
function openTally(job: LoadJob) {
  const matched = job.expect.map(() => 0)
  const failureExamples: string[] = []
  const kept: string[] = []
  const keeps = Object.keys(job.collect).length > 0
  let failures = 0
  let completed = 0
  let firstAnswer = ''
  const failure = (what: string) => {
    failures += 1
    if (failureExamples.length < 3) failureExamples.push(what.slice(0, 1200))
  }
  const answer = (text: string) => {
    if (completed === 0) firstAnswer = text
    const status = Number(text.slice(9, 12))
    const index = job.expect.findIndex((one) => one.status === status && text.includes(one.includes))
    if (index === -1) return failure(text)
    completed += 1
    matched[index] = (matched[index] ?? 0) + 1
    if (keeps) kept.push(text)
  }
  const close = () => {
    const collected: Record<string, string[]> = {}
    for (const [name, source] of Object.entries(job.collect)) {
      const expression = new RegExp(source)
      collected[name] = kept.flatMap((text) => expression.exec(text)?.[1] ?? [])
    }
    return { completed, matched, failures, failureExamples, collected, firstAnswer }
  }
  return { answer, failure, close }
}

/** User and system time of a process so far, from the kernel's own account; null where there is none. */
function processorSeconds(pid: number): number | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return null
  }
}
