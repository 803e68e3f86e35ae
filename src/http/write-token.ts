import { hash, timingSafeEqual } from 'node:crypto'
import { HttpError } from './error-reply.ts'

/**
 * Decides whether a request may write, by its `Authorization: Bearer <token>`.
 *
 * Both tokens are hashed before they are compared: `timingSafeEqual` needs equal lengths, and the length of the right
 * one is a secret too.
 *
 * @throws HttpError 403 when no token is set up, 401 when none was sent, 403 when it is another one
 */
export function requireWriteToken(authorization: string | undefined, token: string | null): void {
  if (token === null || token === '') {
    throw new HttpError(403, 'WRITES_NOT_SET_UP', 'This server takes no articles over HTTP, since it has no token.', {
      hint: 'Start it with ONWARD_TOKEN set to a long random text, and send that text as `Authorization: Bearer <token>`.',
    })
  }
  if (authorization === undefined) {
    throw new HttpError(401, 'TOKEN_MISSING', 'Writing needs a token.', {
      hint: 'Send the header `Authorization: Bearer <token>` with the token that the server was started with.',
      headers: { 'www-authenticate': 'Bearer realm="onward"' },
    })
  }
  const sent = /^Bearer +(\S+) *$/i.exec(authorization)?.[1]
  if (sent === undefined) {
    throw new HttpError(401, 'TOKEN_MALFORMED', 'The Authorization header is not of the form `Bearer <token>`.', {
      headers: { 'www-authenticate': 'Bearer realm="onward", error="invalid_request"' },
    })
  }
  if (!timingSafeEqual(digest(sent), digest(token))) {
    throw new HttpError(403, 'TOKEN_WRONG', 'This token may not write here.')
  }
}

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}
