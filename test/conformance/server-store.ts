import { after, before, test } from 'node:test'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import type { DatabaseServer } from '../support/database-process.ts'
import { storeConformance } from './store.ts'

/** What every store promises, of one whose database is a server: started for these tests, with a database for each store. */
export function serverStoreConformance(
  name: string,
  database: {
    /** Why there is no such server; false: there is. */
    readonly missing: string | false
    readonly start: () => Promise<DatabaseServer>
    /** Takes everything out of the database. */
    readonly clear: (server: DatabaseServer, databaseName: string) => Promise<void>
    /** Ends the connections that onward has to the database. */
    readonly cut: (server: DatabaseServer, databaseName: string) => Promise<void>
  },
): void {
  if (database.missing !== false) {
    test(`${name}: what every store promises`, { skip: database.missing })
    return
  }
  let server: DatabaseServer
  before(async () => {
    server = await database.start()
  })
  after(() => server[Symbol.asyncDispose]())
  storeConformance(name, async () => {
    const opening = new AsyncDisposableStack()
    const url = await server.createDatabase()
    const databaseName = new URL(url).pathname.slice(1)
    // What is promised must not depend on how busy the machine is.
    const open = async (): Promise<Store> => opening.use(await openStore(url, { connectionWaitMs: 60_000 }))
    const store = await open()
    return {
      store,
      clear: () => database.clear(server, databaseName),
      another: open,
      crash: () => database.cut(server, databaseName),
      [Symbol.asyncDispose]: () => opening.disposeAsync(),
    }
  })
}
