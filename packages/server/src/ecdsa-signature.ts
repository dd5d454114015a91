// ECDSA signatures in the two forms they have: r and s side by side as JOSE wants them (RFC 7518 §3.4), and in DER as OpenSSL
// makes them. Node can change the form itself (`dsaEncoding`), but takes more time for it than OpenSSL takes to sign.
// Signing and checking is keys.ts and dpop-proof.ts.

/** From DER (RFC 3279 §2.2.3) to r and s of `size` bytes each. Only for what this process has just signed. */
export function fromDer(der: Buffer, size = 32): Buffer {
  const joined = Buffer.alloc(2 * size)
  // SEQUENCE { INTEGER r, INTEGER s }; with at most 104 bytes every length is one byte.
  const [rAt, rEnd] = integerAt(der, 2)
  const [sAt, sEnd] = integerAt(der, rEnd)
  der.copy(joined, size - (rEnd - rAt), rAt, rEnd)
  der.copy(joined, 2 * size - (sEnd - sAt), sAt, sEnd)
  return joined
}

// Where the digits of an INTEGER are, without the zero that keeps it from being negative.
function integerAt(der: Buffer, at: number): [from: number, to: number] {
  const from = at + 2
  const to = from + (der[at + 1] ?? 0)
  return [der[from] === 0 ? from + 1 : from, to]
}

/** From r and s of `size` bytes each to DER; undefined for what has another length and so is no signature (RFC 7518 §3.4). */
export function toDer(joined: Buffer, size = 32): Buffer | undefined {
  if (joined.length !== 2 * size) return undefined
  const r = integer(joined.subarray(0, size))
  const s = integer(joined.subarray(size))
  return Buffer.concat([Buffer.of(0x30, r.length + s.length), r, s])
}

// X.690 §8.3: the fewest bytes, and a zero in front where the first bit would mean a minus.
function integer(digits: Buffer): Buffer {
  let from = 0
  while (from < digits.length - 1 && digits[from] === 0) from++
  const isNegative = ((digits[from] ?? 0) & 0x80) !== 0
  const length = digits.length - from
  const head = isNegative ? Buffer.of(0x02, length + 1, 0) : Buffer.of(0x02, length)
  return Buffer.concat([head, digits.subarray(from)])
}
