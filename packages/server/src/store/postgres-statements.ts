// The one statement that makes the writes of many callers, all or nothing, in one round trip and one commit.
// Its text depends only on which kinds of record are written how (its shape), so that each shape is prepared once per
// connection; the records arrive as arrays. Who is put together into a statement is decided in postgres-writes.ts.

import type { Kind, Write } from '@countersign/protocol'
import type { Statement } from './postgres-lane.ts'
import { toArray } from './postgres-text.ts'
import { toData } from './record-data.ts'
import { columnName, tableOf } from './tables.ts'

type RecordWrite = Exclude<Write, { op: 'notify' }>

/** What is the same for all callers that may share a statement, e.g. `insert grant,update deviceAuthorization`. */
export function shapeOf(writes: readonly Write[]): string {
  if (writes.length === 1) return partOf(writes[0] as Write)
  return [...new Set(writes.map(partOf))].sort().join()
}

function partOf(write: Write): string {
  return write.op === 'notify' ? 'notify' : `${write.op} ${write.kind}`
}

/** The statement for writes of this shape. It fails with SQLSTATE CS409 when one of the records has moved. */
export function statementFor(shape: string, writes: readonly Write[]): Statement {
  const values: unknown[] = []
  let expected = 0
  for (const part of shape.split(',')) {
    if (part === 'notify') {
      values.push(toArray(writes.flatMap((write) => (write.op === 'notify' ? [write.topic] : []))))
      continue
    }
    const rows = writes.filter((write): write is RecordWrite => partOf(write) === part)
    // Whoever locks rows in one order cannot deadlock with others that do the same. New rows keep their order of arrival.
    if (!part.startsWith('insert')) rows.sort((a, b) => (a.record.id < b.record.id ? -1 : 1))
    expected += rows.length
    values.push(...arraysOf(rows))
  }
  return { ...preparedFor(shape), values: [...values, expected] }
}

function arraysOf(rows: readonly RecordWrite[]): string[] {
  const { op, kind } = rows[0] as RecordWrite
  const arrays = [toArray(rows.map(({ record }) => record.id))]
  if (op !== 'insert') arrays.push(toArray(rows.map(({ record }) => record.version)))
  if (op === 'delete') return arrays
  const { columns, purgeAt } = tableOf(kind)
  for (const { of } of Object.values(columns)) arrays.push(toArray(rows.map(({ record }) => of(record))))
  arrays.push(toArray(rows.map(({ record }) => purgeAt(record))))
  arrays.push(rows.map(({ record }) => toData(kind, record)).join(separator))
  return arrays
}

const prepared = new Map<string, { readonly name: string; readonly text: string }>()

// Names are numbered, because PostgreSQL cuts them at 63 characters.
function preparedFor(shape: string) {
  const known = prepared.get(shape) ?? { name: `write ${prepared.size}`, text: textOf(shape) }
  prepared.set(shape, known)
  return known
}

function textOf(shape: string): string {
  const steps: string[] = []
  const counts: string[] = []
  let parameter = 0
  const next = (type: string) => `$${++parameter}::${type}`
  let notify = ''
  for (const part of shape.split(',')) {
    if (part === 'notify') {
      notify = `, (SELECT count(pg_notify('countersign', topic)) FROM unnest(${next('text[]')}) AS topic)`
      continue
    }
    const [op, kind] = part.split(' ') as [RecordWrite['op'], Kind]
    counts.push(`(SELECT count(*) FROM w${steps.length})`)
    steps.push(`w${steps.length} AS (${stepText(op, kind, next)} RETURNING 1)`)
  }
  const withSteps = steps.length > 0 ? `WITH ${steps.join(', ')} ` : ''
  return `${withSteps}SELECT countersign_expect(${counts.join(' + ') || '0'}, $${parameter + 1}::bigint)${notify}`
}

// JSON has no control character in it (RFC 8259 §7), so one can stand between documents. In an array literal every quotation
// mark would be escaped, and read again by the database.
const separator = '\x1f'
const documents = (next: (type: string) => string) => `string_to_array(${next('text')}, E'\\x1f')`

function stepText(op: RecordWrite['op'], kind: Kind, next: (type: string) => string): string {
  const { name, columns } = tableOf(kind)
  const own = [...Object.keys(columns).map(columnName), 'purge_at', 'data']
  const ownArrays = () =>
    own.map((column) =>
      column === 'data' ? documents(next) : next(column === 'purge_at' ? 'bigint[]' : 'text[]'),
    )
  switch (op) {
    case 'insert':
      return `INSERT INTO ${name} (version, id, ${own.join(', ')})
        SELECT 1, * FROM unnest(${[next('text[]'), ...ownArrays()].join(', ')})`
    case 'update':
      return `UPDATE ${name} t SET version = t.version + 1, ${own.map((column) => `${column} = x.${column}`).join(', ')}
        FROM unnest(${[next('text[]'), next('int[]'), ...ownArrays()].join(', ')}) AS x(id, version, ${own.join(', ')})
        WHERE t.id = x.id AND t.version = x.version`
    case 'delete':
      return `DELETE FROM ${name} t USING unnest(${next('text[]')}, ${next('int[]')}) AS x(id, version)
        WHERE t.id = x.id AND t.version = x.version`
  }
}
