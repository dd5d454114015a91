// The memory store keeps the contract of all stores. What that is stands in contract.ts.

import { storeContract } from './contract.ts'
import { openMemoryStore } from './memory.ts'

storeContract('memory', async () => {
  const store = openMemoryStore()
  return { store, close: store.close }
})
