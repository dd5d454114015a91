// Links to our own pages. There are no others: every page and redirect stays below the issuer.
// Which pages there are is page-routes.ts.

import type { Services } from '../services.ts'

/** The path of one of our pages, below whatever path the issuer has. */
export function here({ config }: Pick<Services, 'config'>, path: string): string {
  return new URL(config.issuer).pathname.replace(/\/$/, '') + path
}
