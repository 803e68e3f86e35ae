import type { RelatedIndexData } from './related-index.ts'

/**
 * An index as bytes: a header in JSON, in which each array stands as its kind and length, then the arrays themselves.
 *
 * What cannot be read back is no reason to guess: a header that is of another format, of other options or of another
 * length than the file gives null, and the index is built again from the store.
 */
export interface SnapshotParts {
  /** JSON text. */
  readonly header: string
  /** In the order in which the header names them. */
  readonly arrays: readonly NumberArray[]
}

export type NumberArray = Uint8Array | Uint16Array | Int32Array | Uint32Array | Float64Array

/** What an index was saved with, beside itself. */
export interface SnapshotNote {
  /** The change up to which the index knows everything. */
  readonly cursor: number
  /** The article of that change, to tell another store by; null when there was none. */
  readonly articleId: string | null
  /** What the index was built with; one built otherwise is of no use. */
  readonly options: string
}

/** Raised with every change to what is saved or to how texts are read: an older snapshot is built again. */
const format = 5

export function snapshotParts(data: RelatedIndexData, note: SnapshotNote): SnapshotParts {
  const arrays: NumberArray[] = []
  const header = JSON.stringify({ format, note, data }, (_key, value: unknown) => {
    if (!ArrayBuffer.isView(value)) return value
    const array = value as NumberArray
    arrays.push(array)
    return { $array: array.constructor.name, length: array.length }
  })
  return { header, arrays }
}

/** The arrays that a header asks for, zeroed, and what becomes of them once they are filled; null when it is not one of ours. */
export function openSnapshot(
  header: string,
): { arrays: readonly NumberArray[]; note: SnapshotNote; data: RelatedIndexData } | null {
  const arrays: NumberArray[] = []
  let isOurs = true
  let parsed: unknown
  try {
    parsed = JSON.parse(header, (_key, value: unknown) => {
      if (typeof value !== 'object' || value === null || !('$array' in value)) return value
      const { $array, length } = value as { $array: unknown; length?: unknown }
      const Kind = typeof $array === 'string' ? kinds.get($array) : undefined
      if (!Kind || typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0) {
        isOurs = false
        return null
      }
      const array = new Kind(length)
      arrays.push(array)
      return array
    })
  } catch {
    return null
  }
  const { format: found, note, data } = parsed as { format: unknown; note: SnapshotNote; data: RelatedIndexData }
  return isOurs && found === format ? { arrays, note, data } : null
}

const kinds = new Map<string, new (length: number) => NumberArray>(
  [Uint8Array, Uint16Array, Int32Array, Uint32Array, Float64Array].map((Kind) => [Kind.name, Kind]),
)
