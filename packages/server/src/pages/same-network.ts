// Whether a device and a browser seem to sit in one network (RFC 10027 §6.1.1). A hint for the person, never a proof: it adds a
// step where networks differ, and never refuses. Places are not looked up here, so none is ever claimed.

import { isIPv4, isIPv6 } from 'node:net'

/** One /24, one /48, or both on this machine. */
export function sameNetwork(a: string, b: string): boolean {
  if (a === b) return a !== ''
  const [x, y] = [networkOf(a), networkOf(b)]
  return x !== undefined && x === y
}

function networkOf(address: string): string | undefined {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  if (plain === '::1' || plain.startsWith('127.')) return 'loopback'
  if (isIPv4(plain)) return plain.split('.').slice(0, 3).join('.')
  if (!isIPv6(plain)) return undefined
  const [left = '', right = ''] = (plain.split('%')[0] ?? '').toLowerCase().split('::')
  const start = left.split(':').filter(Boolean)
  const end = right.split(':').filter(Boolean)
  const full = [...start, ...Array<string>(Math.max(0, 8 - start.length - end.length)).fill('0'), ...end]
  return full
    .slice(0, 3)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}
