import type { Article } from '../article/article.ts'
import { answerRequests } from '../concurrency/thread.ts'
import type { IndexAnswers, IndexRequest, IndexThreadData } from './index-client.ts'
import { documentOf } from './index-client.ts'
import { defaultNeighbours } from './neighbours.ts'
import type { RelatedDocument } from './related.ts'
import { RelatedIndex } from './related-index.ts'
import { readSnapshot, writeSnapshot } from './snapshot-file.ts'
import { parseStoredRail } from './stored-rail.ts'
import { defaultWeights } from './terms.ts'

answerRequests<IndexThreadData, IndexRequest, IndexAnswers[IndexRequest['type']]>(
  ({ rules, headlineFactor }) => {
    const weights = { ...defaultWeights, headlineWeight: defaultWeights.headlineWeight * headlineFactor }
    const options = JSON.stringify({ weights, defaultNeighbours, rules })
    let index = new RelatedIndex({ rules, weights })
    return {
      answer(request) {
        switch (request.type) {
          case 'load':
            for (const { document, railItems } of request.rows) index.put(parsed(document), parseStoredRail(railItems))
            return { size: index.size }
          case 'open-snapshot': {
            const found = readSnapshot(request.file)
            if (!found) return { state: 'none' }
            if (found.note.options !== options) return { state: 'other-options' }
            index.restore(found.data)
            return { state: 'opened', cursor: found.note.cursor, articleId: found.note.articleId }
          }
          case 'reset':
            index = new RelatedIndex({ rules, weights })
            return { size: 0 }
          case 'save-snapshot': {
            const data = index.save()
            if (data)
              writeSnapshot(request.file, data, { cursor: request.cursor, articleId: request.articleId, options })
            return { isSaved: data !== null }
          }
          case 'apply':
            for (const { articleId, document } of request.changes) {
              if (document === null) index.remove(articleId)
              else index.put(parsed(document))
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
          case 'standing':
            return index.standing(request.a, request.b, request.rules)
          case 'parts':
            return request.others.map((other) => index.scoreParts(request.id, other))
          case 'rail':
            return index.rail(request.id, request.rules)
          case 'neighbours':
            return index.neighbours(request.id)
        }
      },
    }
  },
  { isBackground: true },
)

/** Of the store, which has checked it. */
function parsed(document: string): RelatedDocument {
  return documentOf(JSON.parse(document) as Article)
}
