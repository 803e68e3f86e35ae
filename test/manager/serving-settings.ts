import type { ServingSettings } from '../../src/manager/serve-article.ts'

/** The defaults of `options.ts`, without copies: each read goes to the store. */
export const servingSettings: ServingSettings = {
  articleBudgetMs: 800,
  railBudgetMs: 150,
  afterArticleMs: 25,
  railLimit: 6,
  cacheBytesMax: 0,
  articleLifetime: { freshMs: 60_000, graceMs: 10 * 60_000, ifErrorMs: 24 * 60 * 60_000 },
  railLifetime: { freshMs: 5 * 60_000, graceMs: 60 * 60_000, ifErrorMs: 7 * 24 * 60 * 60_000 },
  feedSilenceMs: 10_000,
  articlesAtATime: 64,
  railsAtATime: 32,
  breakersHeldClosed: false,
}
