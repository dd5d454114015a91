// Certificate authorities and certificates of a test's own, made by openssl: what a company's proxy or an internal server shows.
// Only for names and addresses that lead to this machine, or nowhere.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Authority = {
  /** Its certificate, in PEM form. */
  caFile: string
  issue: (...names: string[]) => { key: string; cert: string }
  remove: () => void
}

/** `name` is the organisation that programs show. */
export function createAuthority(name: string): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-ca-'))
  const at = (file: string): string => join(folder, file)
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const subject = `/O=${name}/CN=${name} Root`
  openssl([
    'req',
    '-x509',
    ...key,
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
    '-subj',
    subject,
    '-days',
    '2',
  ])
  let issued = 0
  return {
    caFile: at('ca.pem'),
    issue: (...names) => {
      issued += 1
      const own = at(String(issued))
      openssl([
        'req',
        '-new',
        ...key,
        '-keyout',
        `${own}.key`,
        '-out',
        `${own}.csr`,
        '-subj',
        `/CN=${names[0]}`,
      ])
      const kinds = names.map((one) => (/^[\d.]+$/.test(one) ? `IP:${one}` : `DNS:${one}`))
      writeFileSync(`${own}.ext`, `subjectAltName=${kinds.join(',')}\n`)
      const signing = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '2']
      openssl([
        'x509',
        '-req',
        '-in',
        `${own}.csr`,
        ...signing,
        '-extfile',
        `${own}.ext`,
        '-out',
        `${own}.pem`,
      ])
      return { key: readFileSync(`${own}.key`, 'utf8'), cert: readFileSync(`${own}.pem`, 'utf8') }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function openssl(args: string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`openssl ${args[0]} ended with ${status}: ${stderr}`)
}
