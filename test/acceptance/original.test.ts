import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ArticleManager } from '../../src/index.ts'
import { leavesNothingBehind } from '../support/leak-check.ts'

// What was asked for before anything was built: with no options, on the sample newsroom, in its own temporary file.
describe('the original acceptance tests', () => {
  it('openConnection opens a connection', async () => {
    const manager = new ArticleManager()
    await manager.openConnection()
    try {
      assert.notEqual(manager.connection, null)
    } finally {
      await manager.closeConnection()
    }
  })

  it('fetchRelatedArticles gives an array', async () => {
    await using manager = await ArticleManager.open()
    const relatedArticles = await manager.fetchRelatedArticles(1)
    assert.ok(Array.isArray(relatedArticles))
    assert.ok(relatedArticles.length > 0)
  })

  it('handleRequest gives an object with an article and related articles', async () => {
    await using manager = await ArticleManager.open()
    const served = await manager.handleRequest({})
    assert.equal(typeof served.article, 'object')
    assert.notEqual(served.article, null)
    assert.ok(Array.isArray(served.relatedArticles))
  })

  it('closeConnection closes cleanly', () =>
    leavesNothingBehind(async () => {
      const manager = new ArticleManager()
      await manager.openConnection()
      await manager.closeConnection()
      assert.equal(manager.connection, null)
    }))
})
