// The requirements that this slice answers for: how many rows each family has, and why some have no test yet.
// Where the tests are is found in their names (rows.test.ts) and written down in README.md (write-readme.ts).

export type Family = { prefix: string; about: string; sources: string; last: number }

export const families: readonly Family[] = [
  { prefix: 'G', about: 'Rules for every endpoint', sources: 'RFC 6749, RFC 9110, RFC 9700', last: 28 },
  { prefix: 'MD', about: 'Discovery metadata', sources: 'RFC 8414, OpenID Connect Discovery', last: 27 },
  { prefix: 'JK', about: 'Keys and JWT processing', sources: 'RFC 7515 to 7519, RFC 8725', last: 18 },
  {
    prefix: 'DA',
    about: 'Device authorization endpoint',
    sources: 'RFC 8628 §3.1, §3.2; RFC 10027',
    last: 23,
  },
  { prefix: 'DV', about: 'Verification page', sources: 'RFC 8628 §3.3, §5; RFC 10027', last: 22 },
  { prefix: 'DT', about: 'Polling at the token endpoint', sources: 'RFC 8628 §3.4, §3.5', last: 20 },
  { prefix: 'DC', about: 'Device client', sources: 'RFC 8628 §3.5, §5', last: 21 },
  { prefix: 'LP', about: 'Held polls', sources: 'RFC 7240', last: 17 },
  { prefix: 'UI', about: 'Pages: cookies, CSP, consent', sources: 'RFC 9700, ASVS 5.0', last: 17 },
  { prefix: 'TK', about: 'Token endpoint', sources: 'RFC 6749 §5', last: 8 },
  { prefix: 'RT', about: 'Refresh tokens', sources: 'RFC 6749 §6, RFC 9700 §4.14', last: 12 },
  { prefix: 'IN', about: 'Introspection', sources: 'RFC 7662, RFC 9701', last: 15 },
  { prefix: 'RV', about: 'Revocation', sources: 'RFC 7009', last: 12 },
  { prefix: 'CL', about: 'Client library and program', sources: 'RFC 8252, OAuth 2.1', last: 20 },
  { prefix: 'F', about: 'Defects seen elsewhere', sources: 'published implementations', last: 23 },
]

export const rowIds: readonly string[] = families.flatMap(({ prefix, last }) =>
  Array.from({ length: last }, (_, i) => `${prefix}-${String(i + 1).padStart(2, '0')}`),
)

export type Reason = { verdict: 'not applicable yet' | 'partly'; because: string }

const later = (because: string): Reason => ({ verdict: 'not applicable yet', because })
const partly = (because: string): Reason => ({ verdict: 'partly', because })

const noCodeGrant = later('there is no authorization code grant yet; it comes with the loopback sign-in')
const noDpop = later('there is no DPoP yet')
const noForeignJwt = later('the server reads no JWT but its own; it comes with client assertions')
const policy = later('an optional policy that is not offered yet')
const signedIntrospection = later('signed introspection answers (RFC 9701) are not offered yet')

/** Why a row has no test, or what of it a test does not show. */
export const reasons: Readonly<Record<string, Reason>> = {
  'G-02': partly(
    'TLS ends at the proxy in front of the server (docs/operating.md); the program offers no switch that turns certificate checks off',
  ),
  'G-28': later(
    'every instant that is compared was written by this server; it comes with @countersign/resource',
  ),
  'MD-06': partly(
    '`authorization_endpoint` and `response_types_supported` belong to a grant that is not there yet, and MD-05 forbids an empty list',
  ),
  'MD-08': noCodeGrant,
  'MD-11': partly('there is no authorization code grant yet to announce a method for'),
  'MD-13': noCodeGrant,
  'MD-14': later('there are no Client ID Metadata Documents yet'),
  'MD-15': noDpop,
  'MD-16': later('there is no PAR yet'),
  'MD-21': later('there is no JWT bearer grant yet'),
  'MD-22': later('the server publishes no `protected_resources`'),
  'JK-10': noForeignJwt,
  'JK-11': noForeignJwt,
  'JK-13': noForeignJwt,
  'JK-15': later('no remote key set is read yet'),
  'JK-18': later('nothing with a `jti` to remember is accepted yet'),
  'DA-19': noDpop,
  'DA-21': partly(
    'per client by its registered grants (DA-03); by network or known device is not offered yet',
  ),
  'DA-22': partly('a document, not a behaviour: docs/threats.md'),
  'DV-08': partly('there is no upstream sign-in yet whose failure could lose the code'),
  'DV-14': policy,
  'DV-15': later('a code is typed as often as somebody likes while it is open: only wrong ones are counted'),
  'DV-16': policy,
  'DV-17': policy,
  'DV-18': policy,
  'DT-18': noDpop,
  'DC-02': later('the loopback sign-in that it prefers is not there yet'),
  'DC-18': partly('the program sets no window title and speaks nothing; that it does not is not looked at'),
  'LP-11': noDpop,
  'UI-11': partly('the approval page stands for it (DV-05); redirect hosts come with the code grant'),
  'UI-17': later('no consent is remembered: each sign-in is approved by itself'),
  'RT-09': noDpop,
  'RT-10': partly('the client library does not use ID tokens'),
  'IN-11': signedIntrospection,
  'IN-12': signedIntrospection,
  'IN-13': signedIntrospection,
  'IN-14': later('the cache is that of @countersign/resource'),
  'CL-01': noCodeGrant,
  'CL-02': noCodeGrant,
  'CL-03': noCodeGrant,
  'CL-04': noCodeGrant,
  'CL-05': partly('the program opens a link only on request; embedded views do not exist in a terminal'),
  'CL-06': noCodeGrant,
  'CL-18': partly('asked scopes are the caller’s to choose; step-up is not there yet'),
  'CL-20': later('for server-side clients; it comes with the broker'),
  'F-13': noCodeGrant,
  'F-14': noCodeGrant,
  'F-15': partly('the consent form of the code grant is not there yet; the approval form is DV-11 and UI-08'),
  'F-16': later('there is no upstream sign-in yet'),
  'F-23': later('the program has no background worker that shares a flow'),
}
