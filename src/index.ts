export type { AppOptions } from './app.ts'
export type { Article, ArticleSummary } from './article/article.ts'
export { ArticleManager } from './article-manager.ts'
export {
  ArticleGoneError,
  ArticleNotFoundError,
  DeadlineExceededError,
  InvalidOptionError,
  InvalidRequestError,
  NotConnectedError,
  OnwardError,
  OverloadedError,
  type Problem,
  SourceError,
  StoreUnavailableError,
} from './errors.ts'
export type {
  ArticleRequest,
  CallOptions,
  Manager,
  OpenedArticle,
  OpenOptions,
  Rail,
  RailOptions,
  RelatedInfo,
  ServedArticle,
  Story,
} from './manager/manager.ts'
export type { BulkResult, Publisher, PublishOptions } from './manager/publisher.ts'
export type { RelatedArticle } from './related/related.ts'
export type { Store } from './store/store.ts'
