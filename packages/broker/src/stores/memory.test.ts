// The store in memory keeps the contract of all stores. The suite is contract.ts.

import { storeContract } from './contract.ts'
import { memoryStore } from './memory.ts'

storeContract('memory', async () => {
  const store = memoryStore()
  return { store, close: store.close }
})
