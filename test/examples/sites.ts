import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ServerProcess, startServer } from '../../benchmarks/support/server-process.ts'
import { loadCms } from '../../examples/load-cms.ts'
import { loadSample, openApp, sampleNewsroom } from '../../src/app.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** The sample newsroom twice: as the database of a site, and as onward's store with all of its rails. */
export interface Newsroom extends AsyncDisposable {
  readonly folder: string
  /** The path of the site's own database. */
  readonly cms: string
  /** The URL of onward's store. */
  readonly store: string
}

export async function openNewsroom(): Promise<Newsroom> {
  await using opening = new AsyncDisposableStack()
  const folder = opening.use(await temporaryFolder())
  const cms = folder.file('cms.db')
  const store = `sqlite:${folder.file('onward.db')}`
  await loadCms(sampleNewsroom, cms)
  await using app = await openApp({ store })
  await loadSample(app)
  const closing = opening.move()
  return { folder: folder.path, cms, store, [Symbol.asyncDispose]: () => closing.disposeAsync() }
}

/** An example's own `server.ts`, in a process of its own, as its readers start it. */
export function startExample(
  name: 'before' | 'after',
  newsroom: Newsroom,
  env: NodeJS.ProcessEnv = {},
): Promise<ServerProcess> {
  return startServer(join(examples, name, 'server.ts'), {
    env: { PORT: '0', CMS: newsroom.cms, ONWARD_STORE: newsroom.store, ...env },
  })
}

export const examples = fileURLToPath(new URL('../../examples/', import.meta.url))

/** Listens on a free port of this machine; gives the origin, without a `/` at its end. */
export async function listening(listener: RequestListener): Promise<{ origin: string } & AsyncDisposable> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      const closed = once(server, 'close')
      server.close()
      await closed
    },
  }
}
