import { hash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ArticleState } from '../manager/manager.ts'
import { etagOf, matchesEtag } from './etag.ts'

/**
 * Sends a complete body with an ETag, or 304 when the reader has it already (RFC 9110, 13.1.2: weak comparison).
 *
 * Browsers keep it but ask each time (`no-cache`), so that a takedown is seen at the next look.
 */
export function sendWithEtag(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: {
    readonly contentType: string
    readonly body: string
    /**
     * What has to be the same for the answer to count as the same, when that is less than the body: the ETag is then a
     * weak one.
     */
    readonly sameAs?: string
  },
): FastifyReply {
  const digest = hash('sha1', answer.sameAs ?? answer.body, 'base64url')
  const etag = etagOf(digest, { encoding: 'identity', isWeak: answer.sameAs !== undefined })
  reply.header('etag', etag).header('cache-control', 'no-cache')
  const { 'if-none-match': known } = request.headers
  if (known !== undefined && matchesEtag(known, digest)) return reply.code(304).send()
  return reply.header('content-type', answer.contentType).send(answer.body)
}

/** `Server-Timing` (W3C) for the parts of an answer, in milliseconds. */
export function serverTiming(
  parts: ReadonlyArray<{ readonly name: string; readonly ms: number; readonly description?: string }>,
): string {
  return parts
    .map(({ name, ms, description }) => {
      const duration = `${name};dur=${ms.toFixed(1)}`
      return description === undefined ? duration : `${duration};desc="${description}"`
    })
    .join(', ')
}

/** The part of `Server-Timing` for an article; it says so when a copy stood in for it. */
export function articleTiming({ articleMs, articleState }: { articleMs: number; articleState: ArticleState }) {
  const part = { name: 'article', ms: articleMs }
  return articleState === 'stale' ? { ...part, description: articleState } : part
}
