// JSON out of files and requests that anybody may have written: an object, or nothing. Pure.
// Not here: answers of servers (jsonOf in http.ts).

export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}
