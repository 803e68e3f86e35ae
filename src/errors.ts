/**
 * Every error that onward throws on purpose, each with a `code` that never changes meaning.
 *
 * A message says what happened, what was expected and what to do next. What HTTP status an error becomes is decided
 * in `http/error-reply.ts`; nothing here knows of HTTP.
 */
export class OnwardError extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

/** Nothing is published under this id: it is unknown, a draft, or still under embargo. */
export class ArticleNotFoundError extends OnwardError {
  readonly articleId: string | null

  constructor(articleId: string | null) {
    super(
      'ARTICLE_NOT_FOUND',
      articleId === null
        ? 'No article is published yet. Ingest some first: onward ingest SOURCE.'
        : `No article is published under the id ${JSON.stringify(articleId)}. Check the id, or publish the article first.`,
    )
    this.articleId = articleId
  }
}

/** The article was taken down; it stays so until it is republished explicitly. */
export class ArticleGoneError extends OnwardError {
  readonly articleId: string
  /** When it was taken down, ISO 8601. */
  readonly withdrawnAt: string

  constructor(articleId: string, withdrawnAt: string) {
    super('ARTICLE_GONE', `The article ${JSON.stringify(articleId)} was taken down at ${withdrawnAt}.`)
    this.articleId = articleId
    this.withdrawnAt = withdrawnAt
  }
}

/** A call came before `openConnection` had finished, or after `closeConnection`. */
export class NotConnectedError extends OnwardError {
  constructor(what: string) {
    super(
      'NOT_CONNECTED',
      `${what} needs an open connection. Call openConnection() first; after closeConnection() open it again.`,
    )
  }
}

/** Refused on purpose, because doing it would have cost others more than this asker gains. */
export class OverloadedError extends OnwardError {
  /** When trying again may succeed, in milliseconds from now. */
  readonly retryAfterMs: number

  constructor(message: string, retryAfterMs = 1000) {
    super('OVERLOADED', message)
    this.retryAfterMs = retryAfterMs
  }
}

/** The store did not answer, or answered with a failure that is not the caller's fault. */
export class StoreUnavailableError extends OnwardError {
  constructor(message: string, options?: ErrorOptions) {
    super('STORE_UNAVAILABLE', message, options)
  }
}

/** Scores cannot be explained here: this process does not keep the rails, or has not loaded them yet. */
export class ExplanationUnavailableError extends OnwardError {
  constructor(
    message = 'This process does not keep the rails just now: it is loading them, or another process does. Try again shortly, or ask that one.',
  ) {
    super('EXPLANATION_UNAVAILABLE', message)
  }
}

/** A time budget ran out before the work was done. */
export class DeadlineExceededError extends OnwardError {
  readonly budgetMs: number

  constructor(what: string, budgetMs: number) {
    super('DEADLINE_EXCEEDED', `${what} was not done within its ${budgetMs} ms.`)
    this.budgetMs = budgetMs
  }
}

/** One thing that is wrong with an input, and what was expected in its place. */
export interface Problem {
  /** Where: a key of the input such as `publishedAt` or `tags[2]`; empty when it is about the input as a whole. */
  readonly path: string
  /** What was wrong and what was expected, as a sentence without the path. */
  readonly message: string
}

/** What a caller sent is not what the call takes. */
export class InvalidRequestError extends OnwardError {
  readonly problems: readonly Problem[]

  constructor(what: string, problems: readonly Problem[]) {
    super('INVALID_REQUEST', `${what}: ${problems.map(problemText).join('; ')}`)
    this.problems = problems
  }
}

/** An option has a value that it cannot have. */
export class InvalidOptionError extends OnwardError {
  constructor(message: string) {
    super('INVALID_OPTION', message)
  }
}

/** A file, feed or address that should have given articles could not be read. */
export class SourceError extends OnwardError {
  readonly source: string

  constructor(source: string, message: string, options?: ErrorOptions) {
    super('SOURCE_UNREADABLE', message, options)
    this.source = source
  }
}

export function problemText(problem: Problem): string {
  return problem.path === '' ? problem.message : `${problem.path}: ${problem.message}`
}
