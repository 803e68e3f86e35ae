type Numbers = Int8Array | Uint8Array | Uint16Array | Int32Array | Uint32Array | Float32Array | Float64Array

/** The array itself while it holds `length` numbers, else a copy at least half as large again; what is new is zero. */
export function grownTo<T extends Numbers>(array: T, length: number): T {
  if (length <= array.length) return array
  const Kind = array.constructor as new (length: number) => T
  const grown = new Kind(Math.max(length, Math.ceil(array.length * 1.5), 16))
  grown.set(array as never)
  return grown
}

/**
 * An array that can hold `value` as well: itself, or a copy with four bytes a number. Most publishers have fewer than 65,536 names of
 * sources, sections and tags.
 */
export function wideEnough(array: Uint16Array | Int32Array, value: number): Uint16Array | Int32Array {
  return array instanceof Uint16Array && value > 0xffff ? Int32Array.from(array) : array
}
