// Why a row has no test that bears its id, or what of it the tests do not show. The rows are in rows.ts; rows.test.ts
// holds both against the tests that there are.

export type Reason = {
  /** `shown by`: tests of the rows that the text names show this one as well. */
  verdict: 'not applicable yet' | 'not offered' | 'partly' | 'shown by'
  because: string
}

const later = (because: string): Reason => ({ verdict: 'not applicable yet', because })
const never = (because: string): Reason => ({ verdict: 'not offered', because })
const partly = (because: string): Reason => ({ verdict: 'partly', because })
const shownBy = (because: string): Reason => ({ verdict: 'shown by', because })

const browserSignIn = later(
  '`@countersign/client` signs in by device code only so far; it has no loopback receiver and sends no authorization request',
)
const mcpClient = later('`@countersign/client` is no MCP client yet')
const policy = later('an optional policy that is not offered yet')
const noAssertions = partly('the server’s half; our client authenticates by no assertion')
const serverHalf = partly('the server’s half; our client sends no authorization request yet')
const officialClients = partly(
  'the official clients of both generations against our servers; `@countersign/client` is no MCP client yet',
)

/** Why a row has no test, or what of it a test does not show. */
export const reasons: Readonly<Record<string, Reason>> = {
  'G-02': partly(
    'our own connections; TLS ends at the proxy in front of the server (docs/operating.md), and the program offers no switch that turns certificate checks off',
  ),
  'REG-11': partly('nobody is trusted to make software statements, so that none is accepted'),
  'REG-13': partly(
    'pages must be https; a page on another host than the redirect URI gets no warning, but a document on another host does (CIM-13)',
  ),
  'REG-17': partly('registration tokens are not rotated'),
  'CIM-18': later('our programs are registered by an administrator and publish no document yet'),
  'CA-12': noAssertions,
  'CA-16': noAssertions,
  'DA-21': partly('per client by its registered grants; by network or known device is not offered yet'),
  'DV-08': later(
    'the page after the decision sends the person back to the terminal, which no test reads; there is no upstream sign-in yet whose failure could lose the code',
  ),
  'DV-14': policy,
  'DV-15': shownBy(
    'DV-03: only wrong codes are counted, so that a right one may be typed as often as needed',
  ),
  'DV-16': policy,
  'DV-17': policy,
  'DV-18': policy,
  'DC-02': browserSignIn,
  'DC-18': later('the program sets no window title and speaks nothing; that it does not is not looked at'),
  'RU-10': browserSignIn,
  'RU-11': browserSignIn,
  'AZ-12': partly(
    'a fault of ours while the decision itself is stored is a page, not an answer to the client',
  ),
  'AZ-24': partly(
    'both modes are there for every client with an address on the web; a list per client is not offered',
  ),
  'AZ-28': partly(
    'it is a scope that consent is asked for; refresh tokens follow the registered grant, with or without it (RT-11)',
  ),
  'TX-09': never('Countersign takes ID-JAGs and issues none'),
  'DP-14': partly(
    'the official MCP client and openid-client against our servers; our own client makes no proofs',
  ),
  'DP-15': later('our own client makes no proofs'),
  'IN-12': partly('answers are signed, and not encrypted'),
  'ID-10': partly(
    '`nonce`, `max_age` and `acr` are the business of an authorization request, which our client does not send yet; the signature is checked by independent clients, ours has the token from the token endpoint (OIDC Core §3.1.3.7)',
  ),
  'ID-13': never('no `initiate_login_uri` is registered or followed'),
  'PRM-09': partly('oauth4webapi against our documents; our own client reads none yet'),
  'PRM-10': mcpClient,
  'PRM-11': mcpClient,
  'PRM-12': never('our documents are not signed, and we read none of others'),
  'SU-06': browserSignIn,
  'CL-01': browserSignIn,
  'CL-02': browserSignIn,
  'CL-03': browserSignIn,
  'CL-04': browserSignIn,
  'CL-05': later('the program opens a link only on request (DC-06); there is no embedded view in a terminal'),
  'CL-06': browserSignIn,
  'CL-18': later('which scopes are asked for is the caller’s choice; our client follows no step-up yet'),
  'CL-20': later('for clients on servers; our client keeps the sign-ins of one person on one computer'),
  'MA-10': shownBy(
    'CIM-13 and RU-09: the redirect host stands there, with a warning where it is this computer',
  ),
  'MA-11': shownBy(
    'RT-11: refresh tokens do not depend on `offline_access`, which is announced all the same',
  ),
  'MS-09': never('we write no proxy in front of other APIs; consent is asked per client (UI-17, AZ-18)'),
  'MX-01': officialClients,
  'MX-02': partly('`@countersign/resource` reads the metadata of its issuers at two of the three places'),
  'MX-03': partly('`@countersign/resource` for its issuers, our client for its own (MD-24)'),
  'MX-04': mcpClient,
  'MX-05': officialClients,
  'MX-06': partly('what the official clients register is taken; our own client registers nothing'),
  'MX-07': mcpClient,
  'MX-08': officialClients,
  'MX-09': partly(
    'the two cases of a server that announces it, by the official client of generation 2; our own is no MCP client yet',
  ),
  'MX-10': mcpClient,
  'MX-11': officialClients,
  'MX-12': mcpClient,
  'MX-13': officialClients,
  'MX-14': officialClients,
  'MX-15': mcpClient,
  'MX-16': officialClients,
  'MX-17': mcpClient,
  'ME-03': mcpClient,
  'ME-05': partly(
    'the second half, by the official client; the exchange at the identity provider is not ours, and our client has neither half',
  ),
  'ME-07': partly(
    'plain RFC 9449 with the wider window; there is no `content_digest`, and no switch for one',
  ),
  'ME-08': never('a client must be known before it may use the JWT bearer grant'),
  'IS-03': partly('by the official MCP client; our own sends no authorization request yet'),
  'IS-04': never('no ID token ever comes from the authorization endpoint (X-28)'),
  'X-01': serverHalf,
  'X-02': partly('there is no switch that lets a client do without PKCE'),
  'X-04': noAssertions,
  'X-05': never('there is no switch that lets a client do without PKCE, and no certification is claimed'),
  'X-06': partly('UserInfo takes no token from a body either; there is no switch'),
  'X-07': serverHalf,
  'X-08': partly('there is no switch for other audiences; our client makes no assertions'),
  'X-11': partly('the server’s half; our client does not use this grant'),
  'X-13': partly('the server’s half; our client does not use this grant'),
  'X-14': partly('the challenge; Basic cannot be switched off'),
  'X-15': partly('the refusal; there is no switch to 200'),
  'X-21': partly('the server’s half; our own client reads no such document yet'),
  'X-25': partly('the limit per client; that a browser on the same computer is preferred comes with DC-02'),
  'X-30': partly('there is no check of a digest, and no switch for one'),
  'F-16': later('there is no upstream sign-in yet'),
  'F-23': later('the program has no background worker that shares a flow'),
}
