// The type of a row in the route table (handler.ts): a path, what it answers to, and what browsers on other sites may do with it.
// The rows are in handler.ts and pages/page-routes.ts.

import type { Endpoint } from './services.ts'

/**
 * Cross-origin access (standards.md section 21). `read`: any origin may GET. `call`: any origin may POST, without
 * credentials. `never`: pages, and endpoints for servers only.
 */
export type Cors = 'read' | 'call' | 'never'

export const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
export type Method = (typeof methods)[number]

export interface Route {
  /** Names the route in metrics. */
  readonly name: string
  /** Below the issuer; a path that ends in `/` matches whatever follows it, too. */
  readonly path: string
  readonly cors: Cors
  readonly GET?: Endpoint
  readonly POST?: Endpoint
  readonly PUT?: Endpoint
  readonly PATCH?: Endpoint
  readonly DELETE?: Endpoint
  /** What a wrong call answers with: an OAuth client reads JSON, a person a page. */
  readonly speaks: 'json' | 'html'
}
