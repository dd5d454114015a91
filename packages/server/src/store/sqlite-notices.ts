// How a notice reaches the other processes that share a SQLite file. SQLite tells nobody that somebody wrote, so each notice
// is a row, written in the commit it belongs to: none is ever lost. A process that watches looks every few milliseconds
// at SQLite's data_version (one page of shared memory), and at the rows only when another process has committed.

import type { DatabaseSync } from 'node:sqlite'

/** What a watcher in another process waits at the most: small beside a click, and the look costs microseconds. */
const lookMilliseconds = 25
const overlap = 100

export interface NoticeReader {
  start(): void
  stop(): void
}

export function createNoticeReader(db: DatabaseSync, wake: (topic: string) => void): NoticeReader {
  const dataVersion = db.prepare('PRAGMA data_version')
  const last = db.prepare('SELECT coalesce(max(seq), 0) AS seq FROM notices')
  const since = db.prepare('SELECT seq, topic FROM notices WHERE seq > ? ORDER BY seq')
  let timer: NodeJS.Timeout | undefined
  let seenVersion = -1
  let seenSeq = 0

  function look(): void {
    const { data_version: version } = dataVersion.get() as { data_version: number }
    if (version === seenVersion) return
    const notices = since.all(seenSeq) as unknown as { seq: number; topic: string }[]
    seenVersion = version
    for (const { seq, topic } of notices) {
      seenSeq = seq
      wake(topic)
    }
  }

  return {
    start() {
      if (timer !== undefined) return
      // A little back: what was written between the watcher's read and now is news to it, and waking for nothing is allowed.
      seenSeq = Math.max(0, (last.get() as { seq: number }).seq - overlap)
      timer = setInterval(() => {
        try {
          look()
        } catch {
          // Busy, or worse: the next look sees what this one could not, and requests tell what is wrong.
        }
      }, lookMilliseconds).unref()
    },
    stop() {
      clearInterval(timer)
      timer = undefined
    },
  }
}
