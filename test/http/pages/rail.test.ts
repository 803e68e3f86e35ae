import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { railFragment } from '../../../src/http/pages/page.ts'
import type { Rail } from '../../../src/manager/manager.ts'
import { addressesIn, aRail, aRelatedArticle, aSite } from './views.ts'

const states = ['fresh', 'stale', 'fallback', 'late', 'unavailable', 'shed'] as const

describe('the rail', () => {
  test('stands on its own, under a heading that names it', () => {
    const fragment = rail().trim()
    assert.match(fragment, /^<aside [^>]*aria-labelledby="related-quay-1"/)
    assert.match(fragment, /<h2 id="related-quay-1">Related<\/h2>/)
    assert.ok(fragment.endsWith('</aside>'))
  })

  test('carries its state, whatever the state', () => {
    for (const state of states) {
      assert.match(rail({ state }), new RegExp(`data-related-state="${state}"`))
      assert.match(rail({ state, items: [] }), new RegExp(`data-related-state="${state}"`))
    }
  })

  test('gives each item its reason and its age', () => {
    const fragment = rail({ items: [aRelatedArticle({ source: 'Meridian Wire' })] })
    assert.match(fragment, /Same story: quay, ferries/)
    assert.match(
      fragment,
      /Meridian Wire<\/span> · <time datetime="[^"]+" title="2 November 2026, 09:30 UTC">3 hours ago/,
    )
  })

  test('says that a pinned item is the editors’ choice, and that of no other', () => {
    assert.match(rail({ items: [aRelatedArticle({ pinned: true })] }), /Editors’ choice/)
    assert.doesNotMatch(rail(), /Editors’ choice/)
  })

  test('labels the filler by the section that it is from, and gives no reason for it', () => {
    const filler = { basis: 'newest', items: [aRelatedArticle({ reason: 'Latest in World' })] } as const
    assert.match(rail({ ...filler, state: 'fallback' }), /<h2[^>]*>Latest in World<\/h2>/)
    assert.match(rail({ ...filler, state: 'fallback' }), /Related stories are not available right now/)
    assert.match(rail({ ...filler, state: 'fresh' }), /Nothing closely related has been published yet/)
    assert.doesNotMatch(rail({ ...filler, state: 'fresh' }), /rail-reason/)
  })

  test('labels filler from several sections as the latest stories', () => {
    const items = [aRelatedArticle(), aRelatedArticle({ id: 'cup', section: 'Sport' })]
    assert.match(rail({ basis: 'newest', items }), /<h2[^>]*>Latest stories<\/h2>/)
  })

  test('says how old it is when it is stale', () => {
    assert.match(rail({ state: 'stale' }), /As of <time [^>]*>3 hours ago<\/time>/)
    assert.doesNotMatch(rail({ state: 'fresh' }), /As of/)
  })

  test('that has nothing to show says why in words, and leads on', () => {
    const notes = states.map((state) => {
      const fragment = rail({ state, items: [] }, { section: 'Arts & Letters' })
      assert.match(fragment, /<a href="\/sections\/Arts%20%26%20Letters">See the latest in/)
      assert.doesNotMatch(fragment, /<ol|<li/)
      const [, note = ''] = /<p class="rail-note">([^<]+)<\/p>/.exec(fragment) ?? []
      return note
    })
    assert.ok(notes.every((note) => note.length > 20))
    // Late, broken, busy and "nothing known" are four different things to be told.
    assert.equal(new Set(notes).size, 4)
    assert.match(rail({ state: 'late', items: [] }), /<a href="\/">See the latest stories<\/a>/)
  })

  test('leads to this site’s pages, below the path that it is mounted under', () => {
    const items = [aRelatedArticle({ url: 'https://elsewhere.example/ferries' })]
    assert.deepEqual(addressesIn(rail({ items }, { site: aSite({ prefix: '/news' }) })), ['/news/articles/quay-2'])
  })

  test('leads to the publisher’s pages when it is fetched into those', () => {
    const own = aRelatedArticle({ url: 'https://elsewhere.example/ferries' })
    const none = aRelatedArticle()
    const fragment = rail({ items: [own, none] }, { links: 'publisher', site: aSite({ prefix: '/news' }) })
    assert.deepEqual(addressesIn(fragment), [
      'https://elsewhere.example/ferries',
      'https://courier.example/news/articles/quay-2',
    ])
  })

  test('never leads to a script', () => {
    const items = [aRelatedArticle({ url: 'javascript:alert(1)', image: 'javascript:alert(1)' })]
    assert.deepEqual(addressesIn(rail({ items }, { links: 'publisher' })), ['https://courier.example/articles/quay-2'])
  })

  test('marks an item in another language, and lets one of unknown language find its direction', () => {
    const items = [aRelatedArticle({ language: 'ar' }), aRelatedArticle({ language: 'en' }), aRelatedArticle()]
    const links = [...rail({ items }).matchAll(/<a href="[^"]*"([^>]*)>/g)].map(([, attributes]) => attributes)
    assert.deepEqual(links, [' lang="ar" dir="rtl"', '', ' dir="auto"'])
  })
})

function rail(view: Partial<Rail> = {}, more: Partial<Parameters<typeof railFragment>[0]> = {}): string {
  return railFragment({ site: aSite(), rail: aRail(view), articleId: 'quay-1', ...more })
}
