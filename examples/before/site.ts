// A small news site as many are: each article page asks the database for its related articles, and waits.
import { DatabaseSync } from 'node:sqlite'
import express from 'express'
import { aboutPage, articlePage, frontPage, notFoundPage, type Shown } from '../site-pages.ts'
import { strongestTerms } from './strongest-terms.ts'

export async function createSite(database: string) {
  const cms = new DatabaseSync(database)
  const newest = cms.prepare('SELECT id, title FROM article ORDER BY published_at DESC LIMIT 20')
  const byId = cms.prepare('SELECT id, title, body FROM article WHERE id = ?')
  const related = cms.prepare(
    `SELECT article.id, article.title FROM article_text JOIN article ON article.rowid = article_text.rowid
     WHERE article_text MATCH ? AND article.id <> ? ORDER BY bm25(article_text) LIMIT 6`,
  )
  const site = express()

  site.get('/', (_request, response) => {
    response.send(frontPage(newest.all() as unknown as Shown[]))
  })

  site.get('/about', (_request, response) => {
    response.send(aboutPage())
  })

  site.get('/articles/:id', (request, response) => {
    const article = byId.get(request.params.id) as Shown | undefined
    if (!article) return response.status(404).send(notFoundPage())
    const query = strongestTerms(`${article.title} ${article.body}`)
    const relatedArticles = query === '' ? [] : related.all(query, article.id)
    return response.send(articlePage(article, relatedArticles as unknown as Shown[]))
  })

  const close = async () => cms.close()
  return { site, close }
}
