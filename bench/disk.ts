// What a durable commit costs in the folder where the databases of a run lie, as a note for the report: where a
// flush takes microseconds the folder is in memory, and durability is not tested by it.
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median } from './measures.ts'

/** Median microseconds to append 4 KiB and flush it. */
export function flushMicroseconds(times = 50): number {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-bench-'))
  const file = openSync(join(directory, 'flush'), 'w')
  const block = Buffer.alloc(4096, 1)
  const spans: number[] = []
  for (let index = 0; index < times; index += 1) {
    writeSync(file, block)
    const started = performance.now()
    fsyncSync(file)
    spans.push((performance.now() - started) * 1000)
  }
  closeSync(file)
  rmSync(directory, { recursive: true, force: true })
  return median(spans)
}
