// The check of an authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3, OIDC Core §3.1.2.1): from raw parameters to what the
// record keeps, or a refusal. Client and redirect URI are settled before it, so its refusals may be redirected (AZ-04).
// Reading parameters from a URL, a form or a push is the server's; what may be asked for at all is scope.ts and resource.ts.

import type { AuthorizationParameters, Client } from './records.ts'
import type { MalformedDetail, Refusal } from './refusal.ts'

export interface RawRequest {
  /** The value; undefined when the parameter is missing or empty (RFC 6749 §3.1). */
  readonly get: (name: string) => string | undefined
  /** A parameter that occurs more than once though it must not, or cannot be read at all. */
  readonly broken: boolean
}

export interface Settled {
  readonly client: Pick<Client, 'id' | 'grantTypes'>
  readonly redirectUri: string
  readonly asked: { readonly scopes: readonly string[]; readonly resources: readonly string[] } | Refusal
  /** Only pushed requests are taken, and this one was not. */
  readonly mustBePushed: boolean
  /** Whom `id_token_hint` names, as far as it can be believed. */
  readonly hintedAccountId: string | null
}

/** A request that can go on, or why not. */
export function check(raw: RawRequest, settled: Settled): AuthorizationParameters | Refusal {
  const { client, asked } = settled
  if (raw.broken) return malformed('repeated_parameter')
  if (settled.mustBePushed) return { reason: 'par_required' }
  // OIDC Core §3.1.2.6: said by name, because ignoring them would grant something else than was meant.
  for (const what of ['request', 'request_uri', 'registration'] as const) {
    if (raw.get(what) !== undefined) return { reason: 'request_object_unsupported', what }
  }
  const responseType = raw.get('response_type')
  if (responseType === undefined) return malformed('missing_parameter', 'response_type')
  if (responseType !== 'code') return { reason: 'response_type_unsupported' }
  if (!client.grantTypes.includes('authorization_code'))
    return { reason: 'grant_type_not_allowed', clientId: client.id, grantType: 'authorization_code' }
  const responseMode = responseModeOf(raw, settled.redirectUri)
  if (responseMode === undefined) return malformed('value', 'response_mode')
  const codeChallenge = challengeOf(raw)
  if (typeof codeChallenge !== 'string') return codeChallenge
  const prompt = promptOf(raw)
  if (prompt === undefined) return malformed('value', 'prompt')
  const maxAge = raw.get('max_age') ?? null
  if (maxAge !== null && !/^[0-9]{1,9}$/.test(maxAge)) return malformed('value', 'max_age')
  const jkt = raw.get('dpop_jkt') ?? null
  // RFC 9449 §10: the base64url of a SHA-256 thumbprint.
  if (jkt !== null && !isDigest(jkt)) return malformed('value', 'dpop_jkt')
  const tooLong = (['state', 'nonce'] as const).find((name) => (raw.get(name)?.length ?? 0) > mostCharacters)
  if (tooLong !== undefined) return malformed('value', tooLong)
  const acrValues = [...new Set(words(raw.get('acr_values')))]
  if (acrValues.some((value) => value.length > longestClass)) return malformed('value', 'acr_values')
  if ('reason' in asked) return asked
  return {
    redirectUri: settled.redirectUri,
    responseMode,
    state: raw.get('state') ?? null,
    nonce: raw.get('nonce') ?? null,
    codeChallenge,
    scopes: asked.scopes,
    resources: asked.resources,
    prompt,
    maxAge: maxAge === null ? null : Number(maxAge),
    acrValues: acrValues.slice(0, 10),
    loginHint: raw.get('login_hint')?.slice(0, 254) ?? null,
    hintedAccountId: settled.hintedAccountId,
    jkt,
  }
}

/**
 * Of a request that was refused, what its answer needs: where it goes and how, `state` as it came unless it is too long to be
 * given back (AZ-09), and whether pages are allowed.
 */
export function salvage(raw: RawRequest, settled: Settled): AuthorizationParameters {
  const { redirectUri } = settled
  const state = raw.get('state') ?? null
  return {
    redirectUri,
    responseMode: responseModeOf(raw, redirectUri) ?? 'query',
    state: state !== null && state.length <= mostCharacters ? state : null,
    nonce: null,
    codeChallenge: '',
    scopes: [],
    resources: [],
    prompt: words(raw.get('prompt')).includes('none') ? ['none'] : [],
    maxAge: null,
    acrValues: [],
    loginHint: null,
    hintedAccountId: null,
    jkt: null,
  }
}

/** Undefined when the answer cannot travel so. */
function responseModeOf(raw: RawRequest, redirectUri: string): 'query' | 'form_post' | undefined {
  const mode = raw.get('response_mode') ?? 'query'
  // A form can be posted to a web server only, not to a scheme that some program has taken.
  if (mode === 'form_post') return /^https?:/.test(redirectUri) ? mode : undefined
  return mode === 'query' ? mode : undefined
}

// Everybody proves possession of the code's beginning (RFC 9700 §2.1.1, OAuth 2.1 §7.5.1): there is no exemption by
// nonce or client secret, and no `plain`, which a missing method would mean (standards.md ).
function challengeOf(raw: RawRequest): string | Refusal {
  const challenge = raw.get('code_challenge')
  if (challenge === undefined) return malformed('missing_parameter', 'code_challenge')
  const method = raw.get('code_challenge_method')
  if (method === undefined) return malformed('missing_parameter', 'code_challenge_method')
  if (method !== 'S256') return malformed('value', 'code_challenge_method')
  return isDigest(challenge) ? challenge : malformed('value', 'code_challenge')
}

type Prompt = AuthorizationParameters['prompt'][number]
const prompts: readonly string[] = ['none', 'login', 'consent', 'select_account'] satisfies Prompt[]

function promptOf(raw: RawRequest): readonly Prompt[] | undefined {
  const asked = [...new Set(words(raw.get('prompt')))]
  if (!asked.every((prompt) => prompts.includes(prompt))) return undefined
  // OIDC Core §3.1.2.1: "If this parameter contains none with any other value, an error is returned."
  if (asked.includes('none') && asked.length > 1) return undefined
  return asked as Prompt[]
}

const words = (text: string | undefined): readonly string[] => text?.split(' ').filter(Boolean) ?? []

const isDigest = (value: string): boolean => /^[A-Za-z0-9_-]{43}$/.test(value)

/** Of what comes back in an address, such as `state`: it must fit into one. */
export const mostCharacters = 4096
/** Of one class in `acr_values`: a name or a URI, and no letter. */
const longestClass = 255

function malformed(detail: MalformedDetail, parameter?: string): Refusal {
  return { reason: 'malformed_request', detail, ...(parameter === undefined ? {} : { parameter }) }
}
