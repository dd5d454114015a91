// What was wrong with the broker inside of one web application (hermes-webui), what its history tells, and what its front end relies on,
// each with the tests that show how it is here: by file, the beginnings of their names. Looked for by defects.test.ts.

/** The files are those of packages/broker/src, or begin with `test/` or `packages/`. */
export type Tests = Readonly<Record<string, readonly string[]>>

/** The nine defects, by number; a test of each bears `S3-` and the number. */
export const ofBroker: readonly (readonly [defect: string, tests: Tests])[] = [
  [
    'a cancel between the check and the write is answered, and then overridden by a success with tokens stored',
    {
      'flows.interleavings.test.ts': [
        'S3-1 S3-3 every interleaving of',
        'S3-1 S3-3 interleavings drawn from',
      ],
      'flows.test.ts': ['S3-1 a cancel wins over it: nothing is stored, and what comes is revoked'],
      'flow.test.ts': ['S3-1 a final state,'],
      'flow.walks.test.ts': ['S3-1 nothing leaves a final state'],
      'test/journey/connections.test.ts': ['S3-1 cancel wins over a yes that comes after it'],
    },
  ],
  [
    'an expired flow is told once and then unknown',
    {
      'flow.test.ts': ['S3-2 an expired flow keeps its answer for 300 s'],
      'flows.test.ts': ['S3-2 an expired flow is told for five minutes'],
      'handler.hermes.test.ts': ['S3-2 an expired flow says so on every poll'],
      'stores/contract.ts': ['S3-2 a finished flow keeps its answer for five minutes'],
    },
  ],
  [
    'the end of the time is not looked at again after a slow exchange',
    {
      'flows.interleavings.test.ts': ['S3-1 S3-3 every interleaving of'],
      'flows.test.ts': ['S3-3 the end of the time wins over it too, although nobody looked'],
      'flow.walks.test.ts': ['S3-1 S3-3 a credential is there only from an answer in time'],
    },
  ],
  [
    'trouble of a moment at the provider ends the flow: the network, 429, 5xx, pages of a firewall',
    {
      'worker.test.ts': [
        'S3-4 trouble makes it slower each time',
        'S3-4 trouble with Retry-After is waited out',
        'S3-4 trouble to the end ends as expired',
        'S3-4 a provider that does not answer keeps nobody waiting',
      ],
      'handler.hermes.test.ts': ['S3-4 trouble at the provider does not end the flow'],
      'testing/provider-contract.ts': [
        'S3-4 trouble on the way ends nothing',
        'S3-4 says when it cannot begin now',
      ],
      'codex-style.test.ts': [
        'S3 3.4 step 2: 403 and 404 are pending, whatever their body; a page is trouble',
      ],
    },
  ],
  [
    'texts of exceptions reach the browser, and an interval that is no number fails the start',
    {
      'start-flow.test.ts': [
        'S3-5 odd intervals and lifetimes',
        'S3-5 what a provider throws is logged as its kind',
      ],
      'flow.test.ts': ['S3-5 any interval that a provider sends is one'],
      'handler.hermes.test.ts': ['S3-5 what a provider throws is not in the answer'],
      'oauth-server.hostile.test.ts': ['S3-5 CL-15 CL-16 whatever the vendor answers'],
      'packages/server/src/pages/connections.test.ts': ['S3-5 what goes wrong is told in a sentence of ours'],
    },
  ],
  [
    'the file of credentials is read, changed and written without the lock that the other program takes',
    {
      'vaults/file-lock.test.ts': ['S3-6 fcntl.flock of Python is kept out, and keeps us out'],
      'vaults/auth-json.test.ts': ['S3-6 a renewal keeps other programs waiting'],
      'test/broker/auth-json.test.ts': [
        'S3-6 two of our programs, a thousand writes each at once',
        'S3-6 ours and a Python program that takes fcntl.flock',
      ],
      'test/broker/auth-json-flow.test.ts': [
        'S3-6 a refresh token that another program renews under its lock',
      ],
    },
  ],
  [
    'starts pile up, and whoever knows the number of a flow controls it',
    {
      'flows.test.ts': ['S3-7 CL-20 a flow belongs to the session that started it'],
      'handler.test.ts': ['S3-7 CL-20 a flow is its own session only'],
      'handler.hermes.test.ts': ['S3-7 without a password a flow still belongs to the browser'],
      'stores/contract.ts': ['S3-7 a person has one unfinished flow per provider'],
      'testing/store-races.ts': [
        'S3-7 of all who start a flow of one person at one provider at once one does',
      ],
      'packages/server/src/pages/connections.test.ts': [
        'S3-7 CL-20 a flow of another session or another person is none',
      ],
      'test/journey/connections.test.ts': ['S3-7 CL-20 another person, and another session of the same'],
      'test/broker/element.test.ts': ['CL-20 S3-7 the id of a flow in another browser'],
    },
  ],
  [
    'the credential goes into the profile that the person has changed to meanwhile',
    {
      'flows.profiles.test.ts': ['S3-8 the profile is the one that the flow was started in'],
      'deliver.test.ts': ['S3-8 the place is asked for when the flow starts, and never again'],
      'vaults/auth-json.test.ts': ['S3-8 which file is whose is asked once'],
      'test/broker/auth-json-flow.test.ts': ['S3-8 S3 3.3 the credential goes into the profile'],
    },
  ],
  [
    'nobody tells the provider of a cancel, so that the code stays good',
    {
      'flows.test.ts': ['S3-9 a cancel reaches the provider, and so does the end of the time'],
      'oauth-device.test.ts': ['S3-9 the vendor is told that nobody waits any more'],
      'test/broker/providers.test.ts': [
        'DC-10 denied; and a code that nobody waits for is of no use to anybody (S3-9)',
      ],
      'test/journey/connections.test.ts': ['S3-9 our own server learns of a cancel'],
    },
  ],
]

export const ofHistory: typeof ofBroker = [
  [
    '#1402: a GET begins, and the device code of the provider is in addresses',
    {
      'handler.hermes.edges.test.ts': ['S3 3.6 #1402 a GET begins nothing'],
      'test/broker/canary.test.ts': ['CL-17 no secret of a connection is in any address'],
    },
  ],
  [
    'tokens that everybody on the machine may read (umask)',
    {
      'vaults/auth-json.test.ts': ['S3 3.6 the file is its owner’s alone whatever the umask is'],
      'stores/sqlite.test.ts': ['CL-08 the database and the files beside it are their owner’s alone'],
      'test/broker/canary.test.ts': ['G-13 the database of connections is for its owner alone'],
    },
  ],
  [
    '#1650: the flow is the server’s: the page has no device code, and a restart loses nothing',
    {
      'flows.test.ts': ['what a page sees of a flow is the code, the links and the time'],
      'flows.restart.test.ts': ['S3 3.2 kill -9 in the middle of a flow, twice'],
      'test/broker/canary.test.ts': ['CL-17 no secret of a connection is in any answer to the browser'],
    },
  ],
  [
    '#1727: three names of the second provider, and words on what to do in place of a code',
    {
      'handler.hermes.test.ts': ['S3 3.6 the second provider: aliases, no code'],
      'host-credentials.test.ts': ['S3 3.6 pending, with words on what to do'],
    },
  ],
  [
    'error texts for the page are fixed',
    {
      'handler.hermes.test.ts': [
        'S3-5 what a provider throws is not in the answer',
        'S3 3.1 poll adds an error of at most 200 characters',
      ],
      'start-flow.test.ts': ['S3-5 what a provider throws is logged as its kind and shown as a sentence'],
    },
  ],
  [
    'a cancel beside the linking of credentials leaves nothing behind, and nothing undone',
    { 'flows.linking.test.ts': ['S3 3.6 #1727 cancel and the linking of credentials of the host'] },
  ],
  [
    '#1768: flows of several profiles at once share no environment',
    { 'flows.profiles.test.ts': ['S3 3.6 #1768 flows of many persons at once'] },
  ],
  [
    '#3970: one start per provider and profile at a time, and no pile of flows',
    {
      'start-flow.test.ts': [
        'S3 3.6 #3970 single flight',
        'a hundred starts at once ask the provider once',
        'the flood of one person ends with a refusal',
      ],
      'start-flow.sqlite.test.ts': ['S3 3.6 #3970 a hundred starts at two brokers on one file'],
      'flows.profiles.test.ts': [
        'S3 3.6 #3970 a start in another profile is another flow',
        'S3 3.6 #3970 starts at once in two profiles share no answer',
      ],
      'worker.test.ts': ['thirty-two flows are asked about at once'],
    },
  ],
  [
    '#5835, #5843: the file of credentials is on the disk before anybody is told so',
    {
      'vaults/write-file.test.ts': ['S3 3.6 #5835 #5843 fsync'],
      'test/broker/auth-json.test.ts': ['S3 3.6 a writer killed at any moment leaves a whole file'],
    },
  ],
  [
    'nothing that was known before a success is handed out after it',
    { 'flows.linking.test.ts': ['S3 3.6 cache invalidation: nobody has an old copy'] },
  ],
]

/** Sentence by sentence, what is said of its routes (3.1). */
export const ofWire: readonly (readonly [sentence: string, tests: Tests])[] = [
  [
    'JSON in and out, in UTF-8, that nobody keeps; an error has one member',
    {
      'handler.hermes.edges.test.ts': [
        'S3 3.1 every answer, refusals included, is JSON in UTF-8',
        'S3 3.1 texts are UTF-8 both ways',
      ],
    },
  ],
  [
    'start: 200 with eight members',
    { 'handler.hermes.test.ts': ['S3 3.1 start answers 200 with exactly these members'] },
  ],
  ['start: 400 without a provider', { 'handler.hermes.test.ts': ['S3 3.1 start without a provider'] }],
  [
    'start: 400 for a provider that is not on, in the words of either generation',
    { 'handler.hermes.test.ts': ['S3 3.1 a provider that is not on'] },
  ],
  ['start: 500, with two texts', { 'handler.hermes.test.ts': ['S3 3.1 a start that fails is a 500'] }],
  [
    'start: 403 from elsewhere without a password; what headers say of an address counts from a trusted proxy only',
    {
      'handler.hermes.test.ts': ['S3 3.1 without a password only people nearby may start'],
      'wire/local-gate.test.ts': ['S3 3.1 loopback, private and link-local addresses are nearby'],
      'node-listener.test.ts': ['the address is the connection'],
    },
  ],
  [
    'start: the way around that gate',
    { 'handler.hermes.test.ts': ['S3 3.1 with the bypass everybody may start'] },
  ],
  [
    'start: 403 for a foreign origin, and for a page without its token',
    {
      'handler.hermes.test.ts': ['S3 3.1 a page elsewhere may not start or cancel'],
      'handler.hermes.edges.test.ts': ['S3 3.1 a browser that says where it comes from'],
    },
  ],
  [
    'poll: 200 with four members, whatever the status',
    {
      'handler.hermes.test.ts': ['S3 3.1 poll: pending, then success'],
      'handler.hermes.edges.test.ts': ['S3 3.1 poll and cancel tell the same four members of every end'],
    },
  ],
  ['poll: an error of at most 200 characters', { 'handler.hermes.test.ts': ['S3 3.1 poll adds an error'] }],
  [
    'poll: 400 without a flow, 404 with the inner quotes in this dialect alone',
    {
      'handler.hermes.test.ts': ['S3 3.1 poll without a flow, and with one that is not there'],
      'handler.test.ts': ['S3-7 CL-20 a flow is its own session only'],
    },
  ],
  [
    'cancel: the status, `cancelled` for an unknown flow, the real one of a finished flow, 400 without one',
    {
      'handler.hermes.test.ts': ['S3 3.1 cancel: what it is then'],
      'handler.hermes.edges.test.ts': ['S3 3.1 poll and cancel tell the same four members of every end'],
    },
  ],
  [
    'the gate is at the start only, and the number of a flow is no bearer token',
    { 'handler.hermes.edges.test.ts': ['S3 3.1 the gate is at the start only'] },
  ],
]
