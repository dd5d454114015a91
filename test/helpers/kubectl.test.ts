// kubectl with a sign-in at our server: the exact exchanges of an exec plugin, the kubeconfig, and kubectl itself where the machine
// has it, against a cluster that is nothing but an https server.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { approvePending } from '../support/approve-in-store.ts'
import { createAuthority } from '../support/certificates.ts'
import { endTerminals, runInPty } from '../support/pty.ts'
import type { Ran } from '../support/run-tool.ts'
import { has, listen, openSignedInHome, type SignedInHome, tokenIn } from './signed-in-home.ts'

let home: SignedInHome

before(async () => {
  home = await openSignedInHome()
  await home.signIn()
})
after(async () => {
  endTerminals()
  await home.close()
})
beforeEach(() => {
  if (!has('kubectl')) standInForKubectl()
})
afterEach(() => home.fresh())

/** Has no users, and takes every change: enough to install for it where the machine has none. */
function standInForKubectl(): void {
  const bin = join(home.path(), '.local', 'bin')
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(bin, 'kubectl'), '#!/bin/sh\necho {}\n', { mode: 0o755 })
}

const execInfo = (change: Record<string, unknown> = {}, apiVersion = 'client.authentication.k8s.io/v1') => ({
  KUBERNETES_EXEC_INFO: JSON.stringify({
    apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: false, cluster: { server: 'https://cluster.acme.test:6443' }, ...change },
  }),
})

test('kubectl helper: an ExecCredential of the version that asked, for its own clusters only', async () => {
  await home.install('kubectl', '--host', 'https://cluster.acme.test:6443')
  for (const version of ['v1', 'v1beta1']) {
    const apiVersion = `client.authentication.k8s.io/${version}`
    const { stdout, stderr } = await home.run(['helper', 'kubectl'], '', execInfo({}, apiVersion))
    const { kind, status, ...rest } = JSON.parse(stdout)
    assert.deepEqual(
      [kind, rest, status.token, stderr],
      ['ExecCredential', { apiVersion }, await home.token(), ''],
    )
    assert.match(status.expirationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    assert.ok(Date.parse(status.expirationTimestamp) > Date.now())
  }
  const refused: [Record<string, string>, RegExp][] = [
    [execInfo({ cluster: { server: 'https://evil.test' } }), /was not installed for https:\/\/evil\.test/],
    [execInfo({ cluster: { server: 'http://cluster.acme.test:6443' } }), /https hosts only/],
    [execInfo({ cluster: undefined }), /provideClusterInfo: true/],
    [execInfo({}, 'client.authentication.k8s.io/v1alpha1'), /for kubectl to call/],
    [{ KUBERNETES_EXEC_INFO: '{' }, /for kubectl to call/],
    [{}, /for kubectl to call/],
  ]
  for (const [variables, expected] of refused) {
    const { code, stdout, stderr } = await home.run(['helper', 'kubectl'], '', variables)
    assert.deepEqual([code, stdout], [2, ''], stderr)
    assert.match(stderr, expected)
  }
})

test('the kubectl program itself gets its token from the helper, and its configuration keeps the rest', {
  skip: has('kubectl') ? false : 'no kubectl here',
}, async (context) => {
  const authority = createAuthority('Cluster')
  context.after(() => authority.remove())
  const seen: string[] = []
  const cluster = createServer(authority.issue('127.0.0.1'), (request, response) => {
    seen.push(tokenIn(request) ?? 'none')
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}')
  })
  const site = await listen(cluster)
  context.after(() => site.close())
  const host = `https://${site.host}`
  const kubectl = (...args: string[]): Promise<Ran> => home.tool('kubectl', args)
  await kubectl(
    'config',
    'set-cluster',
    'here',
    `--server=${host}`,
    `--certificate-authority=${authority.caFile}`,
  )
  await kubectl('config', 'set-credentials', 'theirs', '--token=THEIRS')
  await kubectl('config', 'set-context', 'here', '--cluster=here', '--user=countersign')
  await kubectl('config', 'use-context', 'here')
  await home.install('kubectl', '--host', host)
  const installed = readFileSync(join(home.path(), '.kube', 'config'), 'utf8')
  const again = await home.install('kubectl', '--host', host)
  assert.match(again.stderr, /already/)
  assert.equal(readFileSync(join(home.path(), '.kube', 'config'), 'utf8'), installed)
  assert.match(installed, /token: THEIRS/)
  const got = await kubectl('get', '--raw', '/version')
  assert.deepEqual([got.code, got.stdout.trim()], [0, '{"ok":true}'], got.stderr)
  // Some builds of kubectl look for the version by themselves first.
  assert.equal(seen.at(-1), await home.token())
  await home.install('kubectl', '--remove')
  const users = JSON.parse((await kubectl('config', 'view', '-o', 'json')).stdout).users as { name: string }[]
  assert.deepEqual(
    users.map(({ name }) => name),
    ['theirs'],
  )
})

test('kubectl helper: where a person is there, and nobody signed in, the sign-in comes first', async () => {
  const empty = mkdtempSync(join(home.path(), 'empty-'))
  const own = { COUNTERSIGN_CONFIG_DIR: empty, COUNTERSIGN_SERVER: home.server.issuer, SSH_TTY: '/dev/pts/9' }
  const host = 'https://cluster.acme.test:6443'
  await home.run(['helper', 'install', 'kubectl', '--host', host], '', own)
  const terminal = runInPty(['helper', 'kubectl'], {
    ...home.env(own),
    HOME: home.path(),
    ...execInfo({ interactive: true }),
  })
  await terminal.until(/Waiting/)
  await approvePending(home.server.data)
  assert.equal(await terminal.ended, 0, terminal.text())
  assert.match(terminal.text(), /✓ Signed in as mia@example\.com/)
  const answer = terminal
    .text()
    .split('\n')
    .find((line) => line.startsWith('{'))
  assert.equal(JSON.parse(answer ?? '').kind, 'ExecCredential')
  // The same where nobody is there: nobody is asked.
  const alone = { ...own, COUNTERSIGN_CONFIG_DIR: mkdtempSync(join(home.path(), 'none-')) }
  await home.run(['helper', 'install', 'kubectl', '--host', host], '', alone)
  const { code, stdout, stderr } = await home.run(['helper', 'kubectl'], '', { ...alone, ...execInfo() })
  assert.deepEqual([code, stdout], [4, ''])
  assert.match(stderr, /Not signed in\. Run: countersign login/)
})
