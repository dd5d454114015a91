// What many companies have between their people and the network: a proxy that looks into TLS with a certificate
// authority of its own. In front of a server of plain http; the certificates are made by openssl.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request as sendRequest } from 'node:http'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Interceptor = { issuer: string; caFile: string; stop: () => Promise<void> }

export async function startInterceptor(target: string): Promise<Interceptor> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-tls-'))
  const at = (name: string): string => join(folder, name)
  const openssl = (...args: string[]): void => {
    const { status, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' })
    if (status !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`)
  }
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/O=Watchful Proxy Inc/CN=Watchful Root',
    '-days',
    '2',
  )
  openssl('req', ...key, '-keyout', 'host.key', '-out', 'host.csr', '-subj', '/CN=localhost')
  writeFileSync(at('san'), 'subjectAltName=DNS:localhost\n')
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'san', '-days', '2']
  openssl('x509', '-req', '-in', 'host.csr', '-out', 'host.pem', ...signed)
  const options = { key: readFileSync(at('host.key')), cert: readFileSync(at('host.pem')) }
  const server = createServer(options, (incoming, outgoing) => {
    const { method, url, headers } = incoming
    const onward = sendRequest(new URL(url ?? '/', target), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    onward.on('error', () => outgoing.destroy())
    incoming.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    issuer: `https://localhost:${port}`,
    caFile: at('ca.pem'),
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
