// Lists for people: aligned columns, a heading, times in words. Scripts use --json. Pure.
// Not here: what is listed (commands/).
import { clean } from '@countersign/client/terminal'

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

/** The minute of an instant in ISO form (which the server gives in UTC): enough for people, and it sorts. */
export function minuteOf(instant: string | null): string | null {
  return instant === null ? null : `${instant.slice(0, 16).replace('T', ' ')}Z`
}
