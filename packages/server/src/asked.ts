// What a client asks for, scopes and resources, measured against what it may have: the same at every endpoint where a grant
// begins (RFC 6749 §3.3, RFC 8707 §2).
// Whether the person agrees is the pages' matter; what a running grant still allows, protocol/scope.ts and protocol/resource.ts.

import {
  type Client,
  chooseScopes,
  isResourceIndicator,
  type Refusal,
  type Resource,
} from '@countersign/protocol'
import type { Form } from './form.ts'
import type { Services } from './services.ts'

export interface Asked {
  readonly scopes: readonly string[]
  readonly resources: readonly string[]
}

/**
 * The scopes and resources to grant, or the refusal. A resource is the client's own, or registered and open to all; its scopes
 * come on top of the client's. Who names no scope asks for all of the resource, else for all that the client may have (MA-09).
 */
export async function whatIsAsked(
  services: Services,
  client: Client,
  form: Pick<Form, 'get' | 'all'>,
): Promise<Asked | Refusal> {
  const resources = [...new Set(form.all('resource'))]
  const registered = await registeredOf(services, resources)
  if (!resources.every((uri, index) => mayAskFor(client, uri, registered[index])))
    return { reason: 'resource_not_allowed', clientId: client.id }
  const ofResources = registered.flatMap((resource) => resource?.scopes.map(({ scope }) => scope) ?? [])
  const requested = form.get('scope')
  if (requested === undefined && ofResources.length > 0)
    return { scopes: [...new Set(ofResources)], resources }
  const scopes = chooseScopes(requested, [...client.scopes, ...ofResources])
  return scopes === undefined ? { reason: 'scope_not_allowed', clientId: client.id } : { scopes, resources }
}

/** Whether a client may ask for a resource, whose record is `registered` where there is one. */
export function mayAskFor(client: Client, uri: string, registered: Resource | undefined): boolean {
  return isResourceIndicator(uri) && (client.resources.includes(uri) || registered?.openToAll === true)
}

/** The records of those resources that are registered, in the order of `uris`. */
export async function registeredOf(
  { resources }: Services,
  uris: readonly string[],
): Promise<readonly (Resource | undefined)[]> {
  return uris.length === 0 ? [] : Promise.all(uris.map((uri) => resources.find(uri)))
}
