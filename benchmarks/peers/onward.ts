import { defaultNeighbours } from '../../src/related/neighbours.ts'
import { RelatedIndex } from '../../src/related/related-index.ts'
import { type PeerArticle, runPeer } from './peer.ts'

/**
 * onward's own index: the neighbours of all articles are kept true both ways while articles come in, and the rail of the one that is
 * asked about is made of them, as ids. It is what the other peers do, and the half of it that they do not.
 *
 * With `text` as its first argument, no rule is applied: no floor, repeats and all, as a search library would give them. With `rails`
 * it is as the indexer runs it: every rail that a newcomer changes is made anew, with its reasons in words.
 */
const isText = process.argv.includes('text')
const givesRails = process.argv.includes('rails')

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
    version: `onward, ${isText ? 'rules off' : 'as served'}${givesRails ? ', all rails and reasons' : ''}`,
    add: (article) => index.put(document(article)),
    finishLoad: () => void index.settle({ givesRails }),
    related,
    publish(article) {
      index.put(document(article))
      index.settle({ givesRails })
      related(article.id)
    },
    close() {},
  }
})
