import { defaultNeighbours } from '../../src/related/neighbours.ts'
import { RelatedIndex } from '../../src/related/related-index.ts'
import { type PeerArticle, runPeer } from './peer.ts'

/**
 * onward's own index, as the indexer runs it: every rail is worked out both ways while articles come in.
 *
 * With `text` as its first argument, no rule is applied: no floor, repeats and all, as a search library would give them.
 */
const isText = process.argv.includes('text')

runPeer(() => {
  const index = new RelatedIndex(isText ? { neighbours: { ...defaultNeighbours, textMin: 0 } } : {})
  const document = ({ id, title, body, publishedAtMs }: PeerArticle) => ({
    id,
    title,
    body,
    publishedAtMs,
    standfirst: '',
    section: null,
    tags: [],
    source: null,
    language: 'en',
    evolvedFrom: null,
  })
  const related = (id: string) => {
    const items = isText ? index.neighbours(id) : index.ranking(id)
    return items.slice(0, 10).map((item) => item.id)
  }
  return {
    version: isText ? 'onward, rules off' : 'onward, as served',
    add: (article) => index.put(document(article)),
    finishLoad: () => void index.settle(),
    related,
    publish(article) {
      index.put(document(article))
      index.settle()
      related(article.id)
    },
    close() {},
  }
})
