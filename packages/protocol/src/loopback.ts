// Which hosts are this machine itself, where plain http shows nothing to anybody: for clients and resources that talk to a server.
// What is a loopback redirect is redirect-uri.ts, and stricter.

/** A `hostname` as the URL class has it; names below `localhost` lead nowhere else (RFC 6761 §6.3). */
export function isLoopbackHost(hostname: string): boolean {
  if (hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]') return true
  return /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
}
