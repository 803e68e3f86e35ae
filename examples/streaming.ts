// A site that keeps its own templates and takes the streaming alone: the article leaves before its related ones are known.
import express, { type ErrorRequestHandler } from 'express'
import { html } from 'ghtml'
import { streamArticle } from '../src/http/node-handler.ts' // In your site: from 'onward/handler'.
import { type AppOptions, ArticleManager } from '../src/index.ts' // In your site: from 'onward'.
import { listen } from './listen.ts'

export async function createSite(options: AppOptions = {}) {
  const manager = await ArticleManager.open(options)
  const site = express()

  site.get('/articles/:id', async (request, response) => {
    await streamArticle(response, {
      manager,
      articleId: request.params.id,
      opening: ({ title, body }) =>
        html`<!doctype html><title>${title}</title><article><h1>${title}</h1><p>${body}</p></article>`,
      rail: ({ items, state }) =>
        html`<aside data-state="${state}"><ul>!${items.map(({ title }) => html`<li>${title}</li>`)}</ul></aside>`,
      closing: () => '<footer>We print what happened.</footer>',
    })
  })

  // What goes wrong before the first byte arrives here; nothing does afterwards.
  const onError: ErrorRequestHandler = (error, _request, response, next) => {
    const status = { ARTICLE_NOT_FOUND: 404, INVALID_REQUEST: 404, ARTICLE_GONE: 410 }[String(error.code)]
    if (status === undefined) next(error)
    else response.status(status).send('<p>There is no such article.')
  }
  site.use(onError)
  return { site, close: () => manager.closeConnection() }
}

if (import.meta.main) {
  const { site, close } = await createSite()
  await listen(site, close)
}
