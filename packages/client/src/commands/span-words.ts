// Lengths of time in words, as `status` says them: near ends as what is left, far ones as a date. Pure.
// Where the numbers come from is status.ts; the countdown of a login is login-keys.ts.

/** From `now` to `end`, both in seconds by this computer's clock; the date is that of the person's time zone. */
export function spanInWords(end: number, now: number): string {
  const minutes = Math.max(0, Math.floor((end - now) / 60))
  if (minutes < 120) return `for ${counted(minutes, 'more minute')}`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `for ${counted(hours, 'more hour')}`
  // A date beyond what JavaScript can hold is as good as its last one.
  const date = new Date(Math.min(end * 1000, LAST_INSTANT))
  return `until ${date.getDate()} ${MONTHS[date.getMonth()]} ${date.getFullYear()}`
}

/** How far this computer's clock is from the server's; negative where it is ahead. */
export function clockInWords(offset: number): string {
  const seconds = Math.abs(offset)
  const amount =
    seconds < 120
      ? `${seconds} s`
      : seconds < 7200
        ? `${Math.round(seconds / 60)} min`
        : `${Math.round(seconds / 3600)} h`
  return offset > 0 ? `${amount} behind the server` : `${amount} ahead of the server`
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const LAST_INSTANT = 8.64e15
