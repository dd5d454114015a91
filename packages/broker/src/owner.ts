// Who asks, as an application says it. An empty text would be the same person, or the same session, for everybody who has none.
// Not here: what belongs to whom (flows.ts, connections.ts).

import type { Owner } from './broker.ts'
import { SettingError } from './errors.ts'

export function requireOwner(owner: Owner): Owner {
  if (isText(owner.person) && isText(owner.session)) return owner
  throw new SettingError('An owner is { person, session }: two texts, neither of them empty.')
}

const isText = (value: unknown): boolean => typeof value === 'string' && value.trim() !== ''
