// Which network an address is in, and whether a device and a browser seem to sit in the same one (RFC 10027 §6.1.1). Never a proof,
// and no place: addresses are not looked up here, so none is ever claimed.
// What a difference leads to is protocol/device-network.ts; whose address it is, node.ts; how tries are counted, throttle.ts.

import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { PlainRequest } from './http.ts'

/** One /24, one /48, or this machine; undefined for what is no address. An IPv4 address in IPv6 clothes is an IPv4 address. */
export function networkOf(address: string): string | undefined {
  const version = isIP(address)
  if (version === 0) return undefined
  // The usual address, asked about by every request: it has one spelling, so its text will do.
  if (version === 4)
    return address.startsWith('127.') ? 'loopback' : `${address.slice(0, address.lastIndexOf('.'))}/24`
  const parsed = ipaddr.process(address)
  if (parsed.range() === 'loopback') return 'loopback'
  const bytes = parsed.toByteArray()
  return parsed.kind() === 'ipv4' ? `${bytes.slice(0, 3).join('.')}/24` : `${bytes.slice(0, 6).join(':')}/48`
}

/**
 * Whether the address of a request is that of whoever sent it. Behind a proxy that is not trusted, or does not say for whom it asks,
 * everybody has one address; and an https issuer whose connections come in clear has a proxy in front.
 */
export function isOwnAddress(issuer: string, { addressFrom }: Pick<PlainRequest, 'addressFrom'>): boolean {
  return addressFrom !== 'nobody' && (addressFrom !== 'clear' || !issuer.startsWith('https:'))
}

/** A page in a browser asks (Fetch §3.2, §4.5): its address is that of whoever looks at it, wherever the program behind it is. */
export function isFromPage({ headers }: Pick<PlainRequest, 'headers'>): boolean {
  return headers.origin !== undefined || headers['sec-fetch-site'] !== undefined
}

/** What is no address is in no network, not even in that of its like. */
export function sameNetwork(a: string, b: string): boolean {
  const network = networkOf(a)
  return network !== undefined && network === networkOf(b)
}

/** Whether who sends the request seems to sit in the network of an address seen before. */
export function isBeside(
  issuer: string,
  request: Pick<PlainRequest, 'address' | 'addressFrom'>,
  address: string,
): boolean {
  return isOwnAddress(issuer, request) && sameNetwork(address, request.address)
}
