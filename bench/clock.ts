// The benchmark's only look at the calendar.
// Spans of time are not measured here but where they pass, with performance.now().

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}

export function today(): string {
  return new Date(Date.now()).toISOString().slice(0, 10)
}
