import { DatabaseSync } from 'node:sqlite'
import { openStore, type StoreOptions, temporaryStoreFolder } from '../../src/store/open-store.ts'
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import type { Store } from '../../src/store/store.ts'
import { storeConformance } from './store.ts'

storeConformance('SQLite', () => openSqlite({}))

async function openSqlite(options: StoreOptions) {
  const opening = new AsyncDisposableStack()
  const { url } = opening.use(await temporaryStoreFolder())
  const open = async (): Promise<Store> => opening.use(await openStore(url, options))
  const store = await open()
  return {
    store,
    clear: async () => clear(url.slice('sqlite:'.length)),
    another: open,
    crash: async () => {
      if (store instanceof SqliteStore) await store.crash()
    },
    [Symbol.asyncDispose]: () => opening.disposeAsync(),
  }
}

function clear(file: string): void {
  using db = new DatabaseSync(file, { timeout: 5000 })
  db.exec(`BEGIN IMMEDIATE; ${tables.map((table) => `DELETE FROM ${table};`).join(' ')} COMMIT`)
}

// `tally` is kept by triggers. `sqlite_sequence` holds where the numbers of the changes go on.
const tables = ['article', 'change', 'rail', 'cursor', 'lease', 'sqlite_sequence']
