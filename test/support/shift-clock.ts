// Loaded before a program (`node --import`), it makes the wall clock wrong by the seconds in SHIFT_CLOCK_SECONDS, as a
// machine's is after its battery died. Timers and the monotonic clock stay right, as they do there.

const shift = Number(process.env.SHIFT_CLOCK_SECONDS ?? 0) * 1000
const RealDate = Date
const realNow = Date.now.bind(Date)

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args: unknown[], self) =>
    Reflect.construct(target, args.length === 0 ? [realNow() + shift] : args, self),
  apply: () => new RealDate(realNow() + shift).toString(),
  get: (target, name) => (name === 'now' ? () => realNow() + shift : Reflect.get(target, name)),
})
