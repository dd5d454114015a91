// A git server over http on this machine: git's own http-backend behind a check that the test gives.
// For tests of what git sends; what lets it through is the test's.

import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type GitServer = {
  /** `http://127.0.0.1:<port>`; the repository is `/notes.git` with one file, `README`. */
  url: string
  /** The scheme of every Authorization header that came, or `none`. */
  schemes: string[]
  close: () => Promise<void>
}

/** What came is answered with 401 and this challenge, or undefined lets it pass. */
export type Gate = (request: IncomingMessage) => Promise<string | undefined>

export async function startGitServer(gate: (url: string) => Gate): Promise<GitServer> {
  const root = mkdtempSync(join(tmpdir(), 'countersign-git-'))
  createRepository(root)
  const schemes: string[] = []
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const judge = gate(url)
  server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
    schemes.push(request.headers.authorization?.split(' ')[0] ?? 'none')
    const challenge = await judge(request)
    if (challenge === undefined) return backend(root, request, response)
    response.writeHead(401, { 'www-authenticate': challenge })
    return response.end()
  })
  return {
    url,
    schemes,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      rmSync(root, { recursive: true, force: true })
    },
  }
}

function createRepository(root: string): void {
  const bare = join(root, 'notes.git')
  const tree = join(root, 'tree')
  mkdirSync(tree)
  writeFileSync(join(tree, 'README'), 'kept behind a sign-in\n')
  git(root, 'init', '--quiet', '--bare', bare)
  git(bare, 'config', 'http.receivepack', 'true')
  git(tree, 'init', '--quiet', '--initial-branch=main')
  git(tree, 'add', 'README')
  git(tree, '-c', 'user.name=Mia', '-c', 'user.email=mia@example.com', 'commit', '--quiet', '-m', 'first')
  git(tree, 'push', '--quiet', bare, 'main')
  git(bare, 'symbolic-ref', 'HEAD', 'refs/heads/main')
}

function git(cwd: string, ...args: string[]): void {
  const env = { PATH: process.env.PATH, HOME: cwd, GIT_CONFIG_NOSYSTEM: '1' }
  const { status, stderr } = spawnSync('git', args, { cwd, env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`git ${args[0]} ended with ${status}: ${stderr}`)
}

/** CGI (RFC 3875), as far as git's program needs it. */
function backend(root: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? '/', 'http://none')
  const {
    'content-type': type = '',
    'content-encoding': encoding = '',
    'git-protocol': protocol = '',
  } = request.headers
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      REQUEST_METHOD: request.method,
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      CONTENT_TYPE: type,
      HTTP_CONTENT_ENCODING: encoding,
      HTTP_GIT_PROTOCOL: String(protocol),
      REMOTE_USER: 'mia',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  child.stdin.on('error', () => {})
  request.pipe(child.stdin)
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.once('close', () => {
    const all = Buffer.concat(chunks)
    const end = all.indexOf('\r\n\r\n')
    const headers = all
      .subarray(0, end)
      .toString('latin1')
      .split('\r\n')
      .map((line) => line.split(/: */, 2) as [string, string])
    const status = headers.find(([name]) => name === 'Status')?.[1] ?? '200'
    response.writeHead(
      Number.parseInt(status, 10),
      Object.fromEntries(headers.filter(([name]) => name !== 'Status')),
    )
    response.end(all.subarray(end + 4))
  })
}
