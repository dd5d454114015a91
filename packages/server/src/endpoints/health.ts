// Health and metrics, for whoever runs the server: /health/live, /health/ready and /metrics (Prometheus text).
// Labels hold kinds and statuses, never ids (standards.md G-20).

import { comeBack, json, type PlainResponse } from '../http.ts'
import type { Services } from '../services.ts'

export function liveEndpoint(): PlainResponse {
  return json(200, { status: 'live' })
}

export async function readyEndpoint(services: Services): Promise<PlainResponse> {
  try {
    await services.store.ready()
    return json(200, { status: 'ready' })
  } catch {
    return comeBack(503, 5)
  }
}

export interface Metrics {
  count(endpoint: string, status: number): void
  endpoint(services: Services): Promise<PlainResponse>
}

export function createMetrics(): Metrics {
  // Requests count in plain numbers; the library that speaks to Prometheus is loaded when one asks first.
  const responses = new Map<string, Map<number, number>>()
  let exposition: Promise<(services: Services) => Promise<PlainResponse>> | undefined
  return {
    count(endpoint, status) {
      const byStatus = responses.get(endpoint) ?? new Map<number, number>()
      responses.set(endpoint, byStatus)
      byStatus.set(status, (byStatus.get(status) ?? 0) + 1)
    },
    async endpoint(services) {
      exposition ??= createExposition(responses)
      return (await exposition)(services)
    },
  }
}

const countEverySeconds = 5

async function createExposition(responses: ReadonlyMap<string, ReadonlyMap<number, number>>) {
  const { Counter, collectDefaultMetrics, Gauge, Registry } = await import('prom-client')
  const register = new Registry()
  const registers = [register]
  collectDefaultMetrics({ register })
  const answered = new Counter({
    name: 'countersign_responses_total',
    help: 'Responses by endpoint and status.',
    labelNames: ['endpoint', 'status'],
    registers,
  })
  const records = new Gauge({
    name: 'countersign_records',
    help: 'Records in the store by kind.',
    labelNames: ['kind'],
    registers,
  })
  const held = new Gauge({
    name: 'countersign_held_polls',
    help: 'Polls being held by this node.',
    registers,
  })
  let countedAt = Number.NEGATIVE_INFINITY
  return async (services: Services): Promise<PlainResponse> => {
    // Counting reads every index, so whoever asks more often than a scraper hears the last answer.
    const now = services.system.clock()
    if (Math.abs(now - countedAt) >= countEverySeconds) {
      countedAt = now
      for (const [kind, count] of Object.entries(await services.store.counts())) records.set({ kind }, count)
    }
    held.set(services.held.size)
    answered.reset()
    for (const [endpoint, byStatus] of responses) {
      for (const [status, count] of byStatus) answered.inc({ endpoint, status }, count)
    }
    const body = await register.metrics()
    return {
      status: 200,
      headers: { 'content-type': register.contentType, 'cache-control': 'no-store' },
      body,
    }
  }
}
