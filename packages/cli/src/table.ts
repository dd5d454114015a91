// Lists for people: aligned columns, a heading, times in words. Scripts use --json. Pure.
// Not here: what is listed (commands/).
import { clean } from './terminal.ts'

export type Column<T> = { title: string; of: (row: T) => string | number | boolean | null | undefined }

export function table<T>(rows: readonly T[], columns: Column<T>[], empty: string): string {
  if (rows.length === 0) return empty
  const cells = [
    columns.map(({ title }) => title.toUpperCase()),
    ...rows.map((row) => columns.map(({ of }) => cell(of(row)))),
  ]
  const widths = columns.map((_, at) => Math.max(...cells.map((line) => [...(line[at] ?? '')].length)))
  return cells
    .map((line) =>
      line
        .map((text, at) => text.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function cell(value: string | number | boolean | null | undefined): string {
  if (value === true) return 'yes'
  if (value === false || value === null || value === undefined || value === '') return '-'
  return clean(String(value))
}

/** Seconds since 1970 as a UTC minute; a point in time that sorts. */
export function minuteOf(seconds: number | undefined): string | undefined {
  if (seconds === undefined || !Number.isFinite(seconds)) return undefined
  return `${new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')}Z`
}
