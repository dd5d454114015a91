// Health and metrics, for whoever runs the server: /health/live, /health/ready and /metrics (Prometheus text).
// Labels hold kinds and statuses, never ids (standards.md G-20).

import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { comeBack, json, type PlainRequest, type PlainResponse } from '../http.ts'
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
  count(request: PlainRequest, endpoint: string, status: number): void
  endpoint(services: Services): Promise<PlainResponse>
}

const countEverySeconds = 5

export function createMetrics(): Metrics {
  const register = new Registry()
  collectDefaultMetrics({ register })
  const responses = new Counter({
    name: 'countersign_responses_total',
    help: 'Responses by endpoint and status.',
    labelNames: ['endpoint', 'status'],
    registers: [register],
  })
  const records = new Gauge({
    name: 'countersign_records',
    help: 'Records in the store by kind.',
    labelNames: ['kind'],
    registers: [register],
  })
  const held = new Gauge({
    name: 'countersign_held_polls',
    help: 'Polls being held by this node.',
    registers: [register],
  })
  let countedAt = Number.NEGATIVE_INFINITY
  return {
    count: (_request, endpoint, status) => responses.inc({ endpoint, status }),
    async endpoint(services) {
      // Counting reads every index, so whoever asks more often than a scraper hears the last answer.
      const now = services.system.clock()
      if (Math.abs(now - countedAt) >= countEverySeconds) {
        countedAt = now
        for (const [kind, count] of Object.entries(await services.store.counts()))
          records.set({ kind }, count)
      }
      held.set(services.held.size)
      const body = await register.metrics()
      return {
        status: 200,
        headers: { 'content-type': register.contentType, 'cache-control': 'no-store' },
        body,
      }
    },
  }
}
