// A program of its own that puts connections into an auth.json, some at a time, and says so when each is there.
// Arguments: the file, a prefix for the ids, how many, how many at a time. What comes of it is auth-json.test.ts beside this file.

import { authJsonVault } from '@countersign/broker'

const [path = '', prefix = '', count = '0', atOnce = '1'] = process.argv.slice(2)
const vault = authJsonVault({ path })
let next = 0

async function put(i: number): Promise<void> {
  const id = `${prefix}${i}`
  const tokens = { accessToken: `access-${id}`, refreshToken: `refresh-${id}`, expiresAt: null, scopes: [] }
  const connection = {
    ...{ id, version: '', person: 'mia', place: path, provider: 'openai-codex' },
    ...{ account: { id, name: id }, label: id, tokens, flow: id, ended: null, createdAt: i, updatedAt: i },
  }
  process.stdout.write(`${await vault.put(connection, null)} ${id}\n`)
}

async function putUntilDone(): Promise<void> {
  while (next < Number(count)) await put(next++)
}

await Promise.all(Array.from({ length: Number(atOnce) }, putUntilDone))
