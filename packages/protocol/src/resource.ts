// Resource indicators (RFC 8707 §2): reading them, and choosing the one audience of a token.
// Comparison is code point by code point, as received: no URL class changes what is compared (RFC 3986 §6.2.1).

/** RFC 8707 §2: an absolute URI without a fragment. */
export function isResourceIndicator(value: string): boolean {
  return (
    value.length <= 2000 &&
    /^[A-Za-z][A-Za-z0-9+.-]*:(?:[\x21\x24\x26-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]|%[0-9A-Fa-f]{2})+$/.test(
      value,
    )
  )
}

/** The resources to bind: each must be well formed and allowed. Undefined means `invalid_target`. */
export function chooseResources(
  requested: readonly string[],
  allowed: readonly string[],
): readonly string[] | undefined {
  const resources = [...new Set(requested)]
  return resources.every((uri) => isResourceIndicator(uri) && allowed.includes(uri)) ? resources : undefined
}

/**
 * RFC 9068 §3: the token's audience is the resource asked for now, else the only one granted, else `fallback`. Undefined means
 * `invalid_target`: outside the grant, or the choice is the client's to make.
 */
export function chooseAudience(
  requested: readonly string[],
  granted: readonly string[],
  fallback: string,
): string | undefined {
  const [one, another] = new Set(requested)
  if (another !== undefined) return undefined
  if (one !== undefined) return granted.includes(one) ? one : undefined
  if (granted.length > 1) return undefined
  return granted[0] ?? fallback
}
