// onward's own pages and its JSON under a path of an Express site.
import express from 'express'
import { createHandler } from '../src/http/node-handler.ts' // In your site: from 'onward/handler'.
import { type AppOptions, ArticleManager } from '../src/index.ts' // In your site: from 'onward'.
import { listen } from './listen.ts'

export async function createSite(options: AppOptions = {}) {
  const manager = await ArticleManager.open(options)
  const site = express()
  site.get('/about', (_request, response) => {
    response.send('<p>We print what happened.')
  })
  site.use('/news', createHandler(manager))
  return { site, close: () => manager.closeConnection() }
}

if (import.meta.main) {
  const { site, close } = await createSite()
  await listen(site, close)
}
