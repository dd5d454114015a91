// A port for a program that must be told one before it starts, or that comes back to the same one after it was killed.
// It lies below the range from which the system takes what `listen(0)` and `connect()` get (32768 to 60999 on Linux), so that only
// another program that draws as this one does could come between, once in twenty thousand; and above what browsers refuse.
// Whoever starts a server in its own process needs none of this, only `listen(0)`.

import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

const given = new Set<number>()

/** Nobody listened on it at this host a moment ago, and nobody in this process was given it before. */
export async function freePort(host = 'localhost'): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(10_240, 32_000)
    if (given.has(port)) continue
    // Before looking: who asks at the same moment must not draw it too.
    given.add(port)
    if (await isFree(port, host)) return port
  }
  throw new Error(`no free port was found on ${host}`)
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    // Windows keeps some ports for itself and says EACCES.
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false)
      else reject(error)
    })
    probe.listen(port, host, () => probe.close(() => resolve(true)))
  })
}
