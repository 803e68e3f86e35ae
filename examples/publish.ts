// What a CMS calls where it saves an article and where it takes one down: onward is told over HTTP.

export interface Onward {
  /** Where `onward serve` answers, such as `http://127.0.0.1:3000`. */
  readonly origin: string
  /** The ONWARD_TOKEN that it was started with. */
  readonly token: string
}

/** Stores a new article or a correction; sending the same again changes nothing. */
export async function publish(onward: Onward, article: { id: string; title: string; body: string }): Promise<void> {
  await send(onward, 'PUT', article.id, article)
}

/** From the next request on the article answers 410 and is in no list. A feed that still has it does not bring it back. */
export async function takeDown(onward: Onward, id: string): Promise<void> {
  await send(onward, 'DELETE', id)
}

async function send({ origin, token }: Onward, method: string, id: string, article?: object): Promise<void> {
  const response = await fetch(`${origin}/v1/articles/${encodeURIComponent(id)}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: article ? JSON.stringify(article) : null,
    signal: AbortSignal.timeout(10_000),
  })
  // The answer's body names every problem of the article.
  if (!response.ok) throw new Error(`onward refused ${method} ${id}: ${await response.text()}`)
}
