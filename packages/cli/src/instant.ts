// An instant as people write it on the command line: a date, a date with a time, or so long ago. Pure.
// How instants are shown is table.ts.
import { UsageError } from '@countersign/client/terminal'

const spans: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

/** Seconds since the epoch. A date or time without a zone is in UTC, as lists show them. */
export function parseInstant(text: string, flag: string, now: number): number {
  const [, count, unit] = /^(\d{1,6})([smhdw])$/.exec(text) ?? []
  if (count !== undefined && unit !== undefined) return Math.floor(now) - Number(count) * (spans[unit] ?? 0)
  const [, date, time = '00:00', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?))?(Z|[+-]\d\d:\d\d)?$/i.exec(text) ?? []
  const instant = Date.parse(`${date}T${time}${zone.toUpperCase()}`)
  if (Number.isNaN(instant))
    throw new UsageError(
      `${flag} takes a time such as 2026-11-21, 2026-11-21T10:30Z, or 2h for two hours ago`,
    )
  return instant / 1000
}
