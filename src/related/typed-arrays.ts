type Numbers = Int8Array | Uint8Array | Uint16Array | Int32Array | Uint32Array | Float32Array | Float64Array

/** The array itself while it holds `length` numbers, else a copy at least half as large again; what is new is zero. */
export function grownTo<T extends Numbers>(array: T, length: number): T {
  if (length <= array.length) return array
  const Kind = array.constructor as new (length: number) => T
  const grown = new Kind(Math.max(length, Math.ceil(array.length * 1.5), 16))
  grown.set(array as never)
  return grown
}
