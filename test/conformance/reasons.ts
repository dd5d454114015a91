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

const mcpClient = never(
  '`@countersign/client` hands official MCP clients their token (MX-17); discovery, registration and redirects are theirs',
)
const policy = later('an optional policy that is not offered yet')
const noAssertions = partly('the server’s half; our client authenticates by no assertion')
const serverHalf = partly('the server’s half by this id; that of our client is CL-01 and CL-03')
const officialClients = partly('the official clients of both generations against our servers')

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
  'DA-21': partly(
    'per client by its registered grants and by the network of the browser; known devices are not offered yet',
  ),
  'DV-14': policy,
  'DV-16': partly('no scope of the administration; lifetimes are those of the client, for every grant'),
  'DV-17': policy,
  'DC-18': later('the program sets no window title and speaks nothing; that it does not is not looked at'),
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
    '`auth_time` and `acr` of a step-up are left to the API that asked for them; the signature is checked by independent clients, ours has the token from the token endpoint (OIDC Core §3.1.3.7)',
  ),
  'ID-13': never('no `initiate_login_uri` is registered or followed'),
  'PRM-09': partly('oauth4webapi against our documents; our own client reads none'),
  'PRM-10': mcpClient,
  'PRM-11': mcpClient,
  'PRM-12': never('our documents are not signed, and we read none of others'),
  'CL-06': shownBy(
    'RU-10 and RU-11: the receiver; nothing is pasted by hand, and where no port is to be had it is a code (DC-02)',
  ),
  'MA-11': shownBy(
    'RT-11: refresh tokens do not depend on `offline_access`, which is announced all the same',
  ),
  'MS-09': never('we write no proxy in front of other APIs; consent is asked per client (UI-17, AZ-18)'),
  'MX-01': officialClients,
  'MX-02': partly('`@countersign/resource` reads the metadata of its issuers at two of the three places'),
  'MX-03': partly('`@countersign/resource` for its issuers, our client for its own (MD-24)'),
  'MX-05': officialClients,
  'MX-06': partly('what the official clients register is taken; our own client registers nothing'),
  'MX-07': shownBy('CL-07: credentials are kept by issuer; our client registers nowhere'),
  'MX-09': partly('the two cases of a server that announces it, by the official client of generation 2'),
  'MX-10': mcpClient,
  'MX-12': mcpClient,
  'MX-13': officialClients,
  'MX-15': partly('the broker’s clients, which have secrets; what the official MCP clients choose is theirs'),
  'MX-16': officialClients,
  'ME-03': mcpClient,
  'ME-05': partly(
    'the second half, by the official client; the exchange at the identity provider is not ours, and our client has neither half',
  ),
  'ME-07': partly(
    'plain RFC 9449 with the wider window; there is no `content_digest`, and no switch for one',
  ),
  'ME-08': never('a client must be known before it may use the JWT bearer grant'),
  'IS-03': partly('the official MCP client by this id; our own by CL-03'),
  'IS-04': never('no ID token ever comes from the authorization endpoint (X-28)'),
  'X-01': serverHalf,
  'X-02': partly('there is no switch that lets a client do without PKCE'),
  'X-04': noAssertions,
  'X-05': never('there is no switch that lets a client do without PKCE, and no certification is claimed'),
  'X-06': partly('UserInfo takes no token from a body either; there is no switch'),
  'X-07': serverHalf,
  'X-08': partly('there is no switch for other audiences; our client makes no assertions'),
  'X-11': partly('the server’s half; our client does not use this grant'),
  'X-13': partly('the server’s half; our client says either in a sentence (TX-06)'),
  'X-14': partly('the challenge; Basic cannot be switched off'),
  'X-15': partly('the refusal; there is no switch to 200'),
  'X-21': partly('the server’s half; our own client reads no such document'),
  'X-30': partly('there is no check of a digest, and no switch for one'),
  'F-23': shownBy(
    'DC-15: two steps of one flow at once poll one after the other, and both learn how it ended',
  ),
}
