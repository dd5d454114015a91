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
  let down = false
  const lane = createLane({
    ...options,
    async onConnect(client) {
      client.on('notification', ({ processId, payload = '' }) => {
        if (!isOwn(processId)) topics.wake(fromText(payload))
      })
      await client.query('LISTEN countersign')
      down = false
    },
    onLost() {
      down = true
    },
  })

  // The question also finds out whether the connection still is one, and makes a new one when it is not.
  function listen(): void {
    lane.query({ text: 'SELECT 1' }).catch(() => {
      down = true
    })
  }

  function look(): void {
    if (down) listen()
    topics.wakeAll()
  }

  return {
    watch(topic, wake) {
      const unwatch = topics.watch(topic, wake)
      if (timer === undefined) {
        listen()
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
