import type { Article } from '../../article/article.ts'
import { answerRequests } from '../../concurrency/thread.ts'
import type { RelatedArticle } from '../../related/related.ts'
import { Fault } from './fault.ts'
import { SqliteSite } from './sqlite-site.ts'

/** What a connection of the befores' pool is asked. */
export type SqliteRequest =
  | { readonly ask: 'article'; readonly id: string }
  | { readonly ask: 'related'; readonly id: string }
  | { readonly ask: 'publish'; readonly article: Article }

export type SqliteAnswer =
  | { readonly article: Article | null }
  | { readonly related: readonly RelatedArticle[] }
  | { readonly published: true }

export interface SqliteThreadData {
  readonly file: string
  readonly writes: boolean
  readonly fault: SharedArrayBuffer
}

answerRequests<SqliteThreadData, SqliteRequest, SqliteAnswer>(({ file, writes, fault: shared }) => {
  const database = new SqliteSite(file, { writes })
  const fault = new Fault(shared)
  return {
    answer(request) {
      if (request.ask === 'publish') {
        fault.strike('article')
        database.publish(request.article)
        return { published: true }
      }
      fault.strike(request.ask)
      const article = database.article(request.id)
      if (request.ask === 'article') return { article }
      return { related: article ? database.related(article) : [] }
    },
    close: () => database[Symbol.dispose](),
  }
})
