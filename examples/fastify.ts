// onward's own pages and its JSON inside a Fastify site.
import Fastify from 'fastify'
import { onwardPlugin } from '../src/http/fastify-plugin.ts' // In your site: from 'onward/fastify'.
import { type AppOptions, ArticleManager } from '../src/index.ts' // In your site: from 'onward'.

export async function createSite(options: AppOptions = {}) {
  const manager = await ArticleManager.open(options)
  const site = Fastify()
  site.get('/about', async () => 'We print what happened.')
  site.register(onwardPlugin, { manager, prefix: '/news' })
  site.addHook('onClose', () => manager.closeConnection())
  return site
}

if (import.meta.main) {
  const site = await createSite()
  const address = await site.listen({ port: Number(process.env.PORT ?? 3000) })
  process.stdout.write(`listening on ${address}/\n`)
  const stop = () => void site.close()
  process.once('SIGINT', stop).once('SIGTERM', stop)
}
