// The same site with onward: the article and its related articles are read at the same time, off the event loop.
import { DatabaseSync } from 'node:sqlite'
import express from 'express'
import { ArticleManager, OnwardError } from '../../src/index.ts' // In your site: from 'onward'.
import { aboutPage, articlePage, frontPage, notFoundPage, type Shown } from '../site-pages.ts'

export async function createSite(database: string) {
  const cms = new DatabaseSync(database)
  const newest = cms.prepare('SELECT id, title FROM article ORDER BY published_at DESC LIMIT 20')
  const manager = await ArticleManager.open({ store: process.env.ONWARD_STORE ?? 'sqlite:onward.db' })
  const noArticle: Record<string, number> = { ARTICLE_NOT_FOUND: 404, INVALID_REQUEST: 404, ARTICLE_GONE: 410 }
  const site = express()

  site.get('/', (_request, response) => {
    response.send(frontPage(newest.all() as unknown as Shown[]))
  })

  site.get('/about', (_request, response) => {
    response.send(aboutPage())
  })

  site.get('/articles/:id', async (request, response) => {
    try {
      const { article, relatedArticles } = await manager.handleRequest({ articleId: request.params.id })
      return response.send(articlePage(article, relatedArticles))
    } catch (error) {
      const status = error instanceof OnwardError ? noArticle[error.code] : undefined
      if (status === undefined) throw error
      return response.status(status).send(notFoundPage())
    }
  })

  const close = () => manager.closeConnection().then(() => cms.close())
  return { site, close }
}
