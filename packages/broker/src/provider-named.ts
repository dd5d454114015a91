// The provider that an application means: by its id or another name for it, however it is written.
// Not here: which there are and what they are called (create-broker.ts).

import { RequestError } from './errors.ts'
import type { Parts } from './parts.ts'
import type { Provider } from './provider.ts'
import { unknownProvider } from './sentences.ts'

/** Throws RequestError `unknown_provider`, which lists those that are on. */
export function providerNamed(
  { providers, options }: Pick<Parts, 'providers' | 'options'>,
  name: string,
): Provider {
  const provider = providers.get(name.trim().toLowerCase())
  if (provider !== undefined) return provider
  throw new RequestError('unknown_provider', unknownProvider(options.providers.map(({ id }) => id)))
}
