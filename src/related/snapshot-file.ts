import { closeSync, fstatSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import type { RelatedIndexData } from './related-index.ts'
import { type NumberArray, openSnapshot, type SnapshotNote, snapshotParts } from './snapshot.ts'

/**
 * Writes an index to a file, at once or not at all: into a file beside it, which then takes its place.
 *
 * `onward index\n`, the length and the checksum of the header, the header, the arrays, their checksum.
 *
 * @throws what the file system throws; what stood in the file before still stands there then
 */
export function writeSnapshot(file: string, data: RelatedIndexData, note: SnapshotNote): void {
  const { header, arrays } = snapshotParts(data, note)
  const temporary = `${file}.${process.pid}.tmp`
  const headerBytes = Buffer.from(header)
  const start = Buffer.alloc(startLength)
  start.write(magic, 'latin1')
  start.writeUInt32LE(headerBytes.length, magic.length)
  start.writeUInt32LE(crc32(headerBytes), magic.length + 4)
  try {
    const descriptor = openSync(temporary, 'w', 0o600)
    try {
      writeAll(descriptor, start)
      writeAll(descriptor, headerBytes)
      let checksum = 0
      for (const array of arrays) {
        const bytes = bytesOf(array)
        checksum = crc32(bytes, checksum)
        writeAll(descriptor, bytes)
      }
      const end = Buffer.alloc(4)
      end.writeUInt32LE(checksum)
      writeAll(descriptor, end)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  syncFolder(dirname(file))
}

/** An index from a file; null when there is none, or it is torn, of another format, or not an index at all. */
export function readSnapshot(file: string): { data: RelatedIndexData; note: SnapshotNote } | null {
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch {
    return null
  }
  try {
    const { size } = fstatSync(descriptor)
    const start = Buffer.alloc(startLength)
    if (!readAll(descriptor, start) || start.toString('latin1', 0, magic.length) !== magic) return null
    const headerLength = start.readUInt32LE(magic.length)
    if (startLength + headerLength > size) return null
    const headerBytes = Buffer.alloc(headerLength)
    if (!readAll(descriptor, headerBytes) || crc32(headerBytes) !== start.readUInt32LE(magic.length + 4)) return null
    const snapshot = openSnapshot(headerBytes.toString())
    if (!snapshot) return null
    const { arrays, note, data } = snapshot
    const length = arrays.reduce((sum, array) => sum + array.byteLength, 0)
    // Before a byte of it is read: a torn file is the usual damage.
    if (startLength + headerLength + length + 4 !== size) return null
    let checksum = 0
    for (const array of arrays) {
      const bytes = bytesOf(array)
      if (!readAll(descriptor, bytes)) return null
      checksum = crc32(bytes, checksum)
    }
    const end = Buffer.alloc(4)
    return readAll(descriptor, end) && end.readUInt32LE() === checksum ? { data, note } : null
  } finally {
    closeSync(descriptor)
  }
}

const magic = 'onward index\n'
const startLength = magic.length + 8

/** One call reads and writes at most two gigabytes; a few megabytes a call cost nothing. */
const chunkLength = 1 << 24

function bytesOf(array: NumberArray): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    at += writeSync(descriptor, bytes, at, Math.min(chunkLength, bytes.length - at))
  }
}

function readAll(descriptor: number, bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; ) {
    const read = readSync(descriptor, bytes, at, Math.min(chunkLength, bytes.length - at), null)
    if (read === 0) return false
    at += read
  }
  return true
}

/** Without it the new name may be lost with the power, and with it the old file. Not every system can. */
function syncFolder(folder: string): void {
  try {
    const descriptor = openSync(folder, 'r')
    try {
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  } catch {
    // The old snapshot or the new one is found then, and each is whole.
  }
}
