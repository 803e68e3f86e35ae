import type { WatchedAddress, WatchedNode, WatchedPlace } from './watch-takedown.ts'

export interface TakedownReceipt {
  readonly id: string
  readonly outcome: 'withdrawn' | 'already-withdrawn'
  /** ISO 8601. */
  readonly withdrawnAt: string
  readonly store: string
  /** How long the store took to take it down, in milliseconds. All other times begin when it had. */
  readonly storeMs: number
  /** Null: it was not asked for. */
  readonly verified: {
    readonly withinMs: number
    readonly rails: FoundRails
    /** Where the store itself still gives it, or why that is not known; empty as it should be. */
    readonly stillInStore: readonly string[]
    readonly nodes: readonly WatchedNode[]
  } | null
}

/** The articles whose rails are asked, and why these. */
export interface FoundRails {
  /** Those that had the article come first. */
  readonly railsOf: readonly string[]
  /** How many of them had it in the rail that the store keeps. */
  readonly held: number
  readonly note: string | null
}

/** True: neither the store nor a node that was asked shows the article. */
export function isClean({ verified }: TakedownReceipt): boolean {
  if (!verified) return true
  return verified.stillInStore.length === 0 && verified.nodes.every(({ cleanMs }) => cleanMs !== null)
}

/** The receipt of a takedown, to be read and kept. */
export function receiptText(receipt: TakedownReceipt): string {
  const { id, outcome, withdrawnAt, store, storeMs, verified } = receipt
  const lines = [
    outcome === 'withdrawn'
      ? `${JSON.stringify(id)} was taken down at ${withdrawnAt}, in ${store}, within ${storeMs} ms.`
      : `${JSON.stringify(id)} was down already, since ${withdrawnAt}, in ${store}.`,
  ]
  if (!verified) return `${lines[0]}\n`
  const { rails, stillInStore, nodes } = verified
  lines.push(
    rails.note ??
      `Asked are its page, its JSON, the front page, the list of the newest, and the rails of ${rails.railsOf.length} articles, ${rails.held} of which had it.`,
    'Times are milliseconds since the store had taken it down.',
    '',
    stillInStore.length === 0 ? 'the store is clean' : `THE STORE IS NOT CLEAN: ${stillInStore.join(', ')}`,
  )
  for (const node of nodes) lines.push(...nodeLines(node, verified.withinMs))
  lines.push('')
  if (nodes.length === 0) {
    lines.push('No node was named, so none was asked: name each with --node http://HOST:PORT, by its own address.')
  } else {
    const clean = nodes.filter(({ cleanMs }) => cleanMs !== null)
    const last = Math.max(0, ...clean.map(({ cleanMs }) => cleanMs ?? 0))
    lines.push(
      isClean(receipt)
        ? `None of ${nodes.length} nodes shows it: the last was clean after ${last} ms.`
        : `NOT PROVEN: ${clean.length} of ${nodes.length} nodes are clean.`,
    )
  }
  return `${lines.join('\n')}\n`
}

function nodeLines(node: WatchedNode, withinMs: number): string[] {
  const head =
    node.cleanMs !== null
      ? `clean after ${node.cleanMs} ms`
      : node.problem !== null
        ? `COULD NOT BE ASKED within ${withinMs} ms: ${node.problem}`
        : node.places.some(({ addresses }) => addresses.some(({ state }) => state === 'shown'))
          ? `STILL SHOWS IT after ${withinMs} ms`
          : `NOT KNOWN TO BE CLEAN after ${withinMs} ms`
  return [`${node.node}  ${head}`, ...node.places.flatMap((place) => placeLines(place, node.places.length))]
}

function placeLines(place: WatchedPlace, places: number): string[] {
  const { worker, hearsChanges, addresses, cleanMs } = place
  const head = worker === null ? [] : [`  worker ${worker} of ${places}`]
  const quiet = addresses.filter(isQuiet)
  const told = addresses.filter((address) => !isQuiet(address)).map((address) => `    ${addressLine(address, cleanMs)}`)
  const rest = quiet.length === 0 ? [] : [`    ${quiet.length} addresses never showed it`]
  const deaf = hearsChanges ? [] : ['    it hears nothing of changes: see /readyz']
  return [...head, ...deaf, ...told, ...rest]
}

/** Was clean at the first look: one line for all of them says as much. */
function isQuiet({ state, lastSeenMs }: WatchedAddress): boolean {
  return state === 'gone' && lastSeenMs === null
}

function addressLine({ address, state, lastSeenMs, goneMs, detail }: WatchedAddress, cleanMs: number | null): string {
  if (state === 'gone') return `${address}  last seen ${lastSeenMs} ms, gone ${goneMs} ms`
  if (state === 'shown') return `${address}  STILL THERE at ${lastSeenMs} ms (${detail})`
  const seen = lastSeenMs === null ? '' : `, last seen ${lastSeenMs} ms`
  return `${address}  not known${detail === '' && cleanMs === null ? ': was not asked in time' : `: ${detail}`}${seen}`
}
