// The requirements that are answered for: how many rows each family has. Why some have no test, or not a whole one: reasons.ts.
// Where the tests are is found in their names (rows.test.ts) and written down in README.md (write-readme.ts).

export type Family = { prefix: string; about: string; sources: string; last: number }

export const families: readonly Family[] = [
  { prefix: 'G', about: 'Rules for every endpoint', sources: 'RFC 6749, RFC 9110, RFC 9700', last: 28 },
  { prefix: 'MD', about: 'Discovery metadata', sources: 'RFC 8414, OpenID Connect Discovery', last: 27 },
  { prefix: 'JK', about: 'Keys and JWT processing', sources: 'RFC 7515 to 7519, RFC 8725', last: 18 },
  { prefix: 'REG', about: 'Dynamic client registration', sources: 'RFC 7591, RFC 7592', last: 21 },
  {
    prefix: 'CIM',
    about: 'Client ID Metadata Documents',
    sources: 'draft-ietf-oauth-client-id-metadata-document-02',
    last: 18,
  },
  { prefix: 'CA', about: 'Client authentication', sources: 'RFC 6749 §2.3, RFC 7521, RFC 7523', last: 18 },
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
  { prefix: 'PAR', about: 'Pushed authorization requests', sources: 'RFC 9126', last: 11 },
  {
    prefix: 'AZ',
    about: 'Authorization endpoint',
    sources: 'RFC 6749 §4.1, OAuth 2.1, OpenID Connect Core',
    last: 29,
  },
  { prefix: 'RU', about: 'Redirect URIs', sources: 'RFC 9700 §2.1, RFC 8252', last: 11 },
  { prefix: 'UI', about: 'Pages: cookies, CSP, consent', sources: 'RFC 9700, ASVS 5.0', last: 17 },
  { prefix: 'TK', about: 'Token endpoint', sources: 'RFC 6749 §5', last: 8 },
  {
    prefix: 'AC',
    about: 'Authorization code at the token endpoint',
    sources: 'RFC 6749 §4.1.3, RFC 7636',
    last: 9,
  },
  { prefix: 'RT', about: 'Refresh tokens', sources: 'RFC 6749 §6, RFC 9700 §4.14', last: 12 },
  { prefix: 'CC', about: 'Client credentials', sources: 'RFC 6749 §4.4', last: 4 },
  {
    prefix: 'JB',
    about: 'JWT bearer grant and ID-JAG',
    sources: 'RFC 7523, draft-ietf-oauth-identity-assertion-authz-grant-04',
    last: 13,
  },
  { prefix: 'TX', about: 'Token exchange', sources: 'RFC 8693', last: 10 },
  { prefix: 'DP', about: 'DPoP', sources: 'RFC 9449', last: 16 },
  { prefix: 'AT', about: 'JWT access tokens', sources: 'RFC 9068', last: 11 },
  { prefix: 'IN', about: 'Introspection', sources: 'RFC 7662, RFC 9701', last: 15 },
  { prefix: 'RV', about: 'Revocation', sources: 'RFC 7009', last: 12 },
  { prefix: 'ID', about: 'ID token and requests', sources: 'OpenID Connect Core', last: 13 },
  { prefix: 'US', about: 'UserInfo', sources: 'OpenID Connect Core §5.3', last: 7 },
  { prefix: 'LO', about: 'Logout', sources: 'OpenID Connect RP-Initiated Logout', last: 6 },
  { prefix: 'RS', about: 'Resource server: bearer tokens', sources: 'RFC 6750, RFC 9068', last: 18 },
  { prefix: 'PRM', about: 'Protected resource metadata', sources: 'RFC 9728', last: 13 },
  { prefix: 'SU', about: 'Step-up authentication', sources: 'RFC 9470', last: 8 },
  { prefix: 'CL', about: 'Client library and program', sources: 'RFC 8252, OAuth 2.1', last: 20 },
  {
    prefix: 'MA',
    about: 'MCP: authorization server',
    sources: 'Model Context Protocol 2026-07-28',
    last: 12,
  },
  { prefix: 'MS', about: 'MCP: server', sources: 'Model Context Protocol 2026-07-28', last: 9 },
  { prefix: 'MX', about: 'MCP: client', sources: 'Model Context Protocol 2026-07-28', last: 17 },
  {
    prefix: 'ME',
    about: 'MCP: extensions',
    sources: 'client credentials, enterprise-managed authorization, drafts',
    last: 8,
  },
  { prefix: 'RI', about: 'Resource indicators', sources: 'RFC 8707', last: 6 },
  { prefix: 'IS', about: 'Issuer identification', sources: 'RFC 9207', last: 4 },
  {
    prefix: 'X',
    about: 'Where the specifications disagree: the choice that was made',
    sources: 'RFCs and drafts, compared',
    last: 37,
  },
  { prefix: 'F', about: 'Defects seen elsewhere', sources: 'published implementations', last: 23 },
]

export const rowIds: readonly string[] = families.flatMap(({ prefix, last }) =>
  Array.from({ length: last }, (_, i) => `${prefix}-${String(i + 1).padStart(2, '0')}`),
)
