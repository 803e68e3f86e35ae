// onward's own pages and its JSON under a path of a plain node:http server.
import type { RequestListener } from 'node:http'
import { createHandler } from '../src/http/node-handler.ts' // In your site: from 'onward/handler'.
import { type AppOptions, ArticleManager } from '../src/index.ts' // In your site: from 'onward'.
import { listen } from './listen.ts'

export async function createSite(options: AppOptions = {}) {
  const manager = await ArticleManager.open(options)
  const news = createHandler(manager, { prefix: '/news' })
  const site: RequestListener = (request, response) => {
    // The last argument is called for whatever is not onward's.
    news(request, response, () => response.end('<p>We print what happened.'))
  }
  return { site, close: () => manager.closeConnection() }
}

if (import.meta.main) {
  const { site, close } = await createSite()
  await listen(site, close)
}
