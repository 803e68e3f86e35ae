import { answerRequests } from '../concurrency/thread.ts'
import type { IndexAnswers, IndexRequest } from './index-client.ts'
import { RelatedIndex } from './related-index.ts'
import { parseStoredRail } from './stored-rail.ts'

answerRequests<unknown, IndexRequest, IndexAnswers[IndexRequest['type']]>(() => {
  const index = new RelatedIndex()
  return {
    answer(request) {
      switch (request.type) {
        case 'load':
          for (const { document, railItems } of request.rows) index.put(document, parseStoredRail(railItems))
          return { size: index.size }
        case 'apply':
          for (const { articleId, document } of request.changes) {
            if (document === null) index.remove(articleId)
            else index.put(document)
          }
          return { size: index.size }
        case 'settle': {
          const { rails, remaining } = index.settle({ atMost: request.atMost })
          // JSON text, since the rails go on to the store's thread: a structured clone of this many small objects costs more.
          const texts = rails.map(({ articleId, items }) => ({ articleId, items: JSON.stringify(items) }))
          return { rails: texts, remaining, size: index.size }
        }
        case 'explain':
          return index.explain(request.a, request.b)
      }
    },
  }
})
