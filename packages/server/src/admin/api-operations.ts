// All operations of the administration API, in the order in which OpenAPI shows them.
// Each group is a file of its own; what an operation is, api-operation.ts.

import { accountOperations } from './api-accounts.ts'
import { clientOperations } from './api-clients.ts'
import { recordOperations } from './api-grants.ts'
import { ownOperations } from './api-me.ts'
import type { Operation } from './api-operation.ts'
import { resourceAndTokenOperations } from './api-resources.ts'

export const operations: readonly Operation[] = [
  ...accountOperations,
  ...clientOperations,
  ...resourceAndTokenOperations,
  ...recordOperations,
  ...ownOperations,
]
