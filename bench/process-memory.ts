// How much memory of a process is resident, from the kernel's own account.
// When it is worth asking is known by measures.ts and crowd.ts.
import { readFileSync } from 'node:fs'

/** Resident bytes of a process; null where the kernel does not say. */
export function residentBytes(pid: number): number | null {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
    return kilobytes === undefined ? null : Number(kilobytes) * 1024
  } catch {
    return null
  }
}
