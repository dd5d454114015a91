// The type of the one limiter that throttle.ts loads by its file: the package types only its index.
// What it brakes is throttle.ts.

declare module 'rate-limiter-flexible/lib/RateLimiterMemory.js' {
  // biome-ignore lint/style/noDefaultExport: it is what the file exports
  export { RateLimiterMemory as default } from 'rate-limiter-flexible'
}
