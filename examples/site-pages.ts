// The pages of a small news site: they stay as they are, whoever fetches what they show.
import { html } from 'ghtml'

export interface Shown {
  readonly id: string
  readonly title: string
  readonly body: string
}

export function frontPage(articles: readonly Linked[]): string {
  return html`<!doctype html><title>The site</title>
    <h1>The newest</h1>
    <ul>!${articles.map(articleLink)}</ul>`
}

export function articlePage(article: Shown, relatedArticles: readonly Linked[]): string {
  return html`<!doctype html><title>${article.title}</title>
    <article><h1>${article.title}</h1><p>${article.body}</p></article>
    <aside><h2>Related</h2><ul>!${relatedArticles.map(articleLink)}</ul></aside>`
}

export function aboutPage(): string {
  return '<!doctype html><title>About us</title><p>We print what happened.'
}

export function notFoundPage(): string {
  return '<!doctype html><title>Not found</title><p>There is no such article.'
}

type Linked = Pick<Shown, 'id' | 'title'>

function articleLink({ id, title }: Linked): string {
  return html`<li><a href="/articles/${id}">${title}</a></li>`
}
