/** onward as it is installed, with the options of its environment: node service-site.ts STORE_URL. Prints its address, ends on SIGTERM. */
import { once } from 'node:events'
import { openService } from '../../src/service.ts'

const [store] = process.argv.slice(2)
if (!store) throw new Error('Expected: node service-site.ts STORE_URL')
await using service = await openService({ store, port: 0, logLevel: 'error' })
process.stdout.write(`${service.url}/\n`)
await once(process, 'SIGTERM')
