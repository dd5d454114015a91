// The benchmark's only look at the calendar; spans of time are measured with performance.now().

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}

export function today(): string {
  return new Date(Date.now()).toISOString().slice(0, 10)
}
