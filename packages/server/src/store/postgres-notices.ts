// How a notice reaches the other nodes: pg_notify in the statement that makes the change, and one connection per node
// that listens. PostgreSQL forgets notices for whoever is not connected at that moment, so while somebody watches
// they all look again now and then as well, which bounds what a lost notice costs.

import { createLane, type LaneOptions } from './postgres-lane.ts'
import { fromText } from './postgres-text.ts'
import { createTopics, type Topics } from './topics.ts'

/** The contract of `Store.watch` allows a second, of which the look itself needs a little. */
const lookMilliseconds = 700

export interface Notices {
  readonly watch: Topics['watch']
  readonly wake: Topics['wake']
  close(): Promise<void>
}

/** `isOwn` tells whether a backend is one of this node's, whose notices were given out without the detour. */
export function createNotices(options: LaneOptions, isOwn: (backend: number) => boolean): Notices {
  const topics = createTopics()
  let timer: NodeJS.Timeout | undefined
  const lane = createLane({
    ...options,
    async onConnect(client) {
      client.on('notification', ({ processId, payload = '' }) => {
        if (!isOwn(processId)) topics.wake(fromText(payload))
      })
      await client.query('LISTEN countersign')
      listening = true
      // What was said while nobody listened is lost.
      topics.wakeAll()
    },
    onLost() {
      listening = false
      if (timer !== undefined) listen()
    },
  })
  let listening = false

  // Any statement makes the connection; where it cannot be made, the next look tries again.
  function listen(): void {
    lane.query({ text: 'SELECT 1' }).catch(() => {})
  }

  function look(): void {
    if (!listening) listen()
    topics.wakeAll()
  }

  return {
    watch(topic, wake) {
      const unwatch = topics.watch(topic, wake)
      if (timer === undefined) {
        if (!listening) listen()
        timer = setInterval(look, lookMilliseconds).unref()
      }
      return () => {
        unwatch()
        if (topics.size > 0) return
        clearInterval(timer)
        timer = undefined
      }
    },
    wake: topics.wake,
    close() {
      clearInterval(timer)
      return lane.close()
    },
  }
}
