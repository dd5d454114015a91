// A store that ends with the process, for programs that may leave nothing behind. Not here: the one that
// keeps (credentials.ts).
import { type Credential, type CredentialKey, type CredentialStore, keyOf } from './credential.ts'
import { entryOf } from './sealed.ts'

/** `directory` is where the program keeps other things; no credential comes there. */
export function openMemoryStore(directory: string): CredentialStore {
  const kept = new Map<string, Credential>()
  const chosen = new Map<string, string>()
  let latest: string | undefined
  const nameOf = (key: CredentialKey): string => JSON.stringify([key.issuer, key.clientId, key.account])
  const list: CredentialStore['list'] = (issuer, clientId) =>
    [...kept.values()]
      .filter((found) => issuer === undefined || found.issuer === issuer)
      .filter((found) => clientId === undefined || found.clientId === clientId)
      .map((found) => entryOf(found, 'memory'))
  const read = (key: CredentialKey): Credential | undefined => kept.get(nameOf(key))
  const choice = { kind: 'memory', why: 'asked', news: false } as const
  return {
    directory,
    choose: () => choice,
    remembered: () => choice,
    probe: () => {},
    read,
    glance: (key) => {
      const found = read(key)
      return found?.state === 'live' ? found : undefined
    },
    entry: (key) => list().find((found) => nameOf(keyOf(found)) === nameOf(key)),
    list,
    write: (credential) => void kept.set(nameOf(keyOf(credential)), credential),
    remove: (key) => {
      kept.delete(nameOf(key))
      const place = JSON.stringify([key.issuer, key.clientId])
      if (chosen.get(place) === key.account) chosen.delete(place)
    },
    removeLeftovers: () => 0,
    current: (issuer, clientId) => {
      const only = list(issuer, clientId)
      return (
        chosen.get(JSON.stringify([issuer, clientId])) ??
        (only.length === 1 ? only[0]?.account.id : undefined)
      )
    },
    setCurrent: (key) => {
      chosen.set(JSON.stringify([key.issuer, key.clientId]), key.account)
      latest = key.issuer
    },
    latestIssuer: () => latest,
    pathOf: () => 'memory',
    lockOf: () => undefined,
  }
}
