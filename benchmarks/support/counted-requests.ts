/**
 * What a server has counted of its requests itself, from its `/metrics`.
 *
 * @param origin such as `http://127.0.0.1:41235/`
 */
export async function countedRequests(origin: string): Promise<CountedRequests> {
  const text = await (await fetch(new URL('/metrics', origin))).text()
  const samples = [...text.matchAll(/^onward_http_request_seconds_(bucket|count)\{([^}]*)\} (\S+)$/gm)].map(
    ([, kind, labels = '', value]): Sample => ({
      kind: kind === 'bucket' ? 'bucket' : 'count',
      labels: Object.fromEntries(
        [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, is]) => [name ?? '', is ?? '']),
      ),
      value: Number(value),
    }),
  )
  return (route, status, withinMs) =>
    samples
      .filter(({ labels }) => labels.route === route && labels.status === status)
      .filter(({ kind, labels }) =>
        withinMs === undefined ? kind === 'count' : kind === 'bucket' && Number(labels.le) === withinMs / 1000,
      )
      .reduce((sum, { value }) => sum + value, 0)
}

/** How many requests a route has answered with a class of status such as `5xx`; `withinMs`: only those that took no longer. */
export type CountedRequests = (route: string, status: string, withinMs?: number) => number

interface Sample {
  readonly kind: 'bucket' | 'count'
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}
