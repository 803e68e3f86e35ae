import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { findSources, type ReadLimits, readSource, type SourcePart } from '../../src/ingest/read-files.ts'

const record = (id: number) => JSON.stringify({ id, title: `Title ${id}` })

describe('findSources', () => {
  it('finds the files of a folder and below in the order of their names, without hidden ones and links to folders', async () => {
    await using folder = await folderWith({
      'b.xml': 'x',
      'a/z.jsonl': 'x',
      'a/b.jsonl': 'x',
      '.hidden.xml': 'x',
      '.git/c.xml': 'x',
    })
    await symlink(folder.path, join(folder.path, 'a', 'loop'))
    const { sources, failed } = await findSources([folder.path])
    assert.deepEqual(
      sources.map(({ name }) => name.slice(folder.path.length + 1)),
      ['a/b.jsonl', 'a/z.jsonl', 'b.xml'],
    )
    assert.equal(failed.length, 0)
  })

  it('reports what does not exist, and finds the rest', async () => {
    await using folder = await folderWith({ a: 'x' })
    const { sources, failed } = await findSources([
      join(folder.path, 'none'),
      join(folder.path, 'a'),
      '-',
      'https://a.example/feed',
    ])
    assert.deepEqual(
      sources.map(({ kind }) => kind),
      ['file', 'stdin', 'url'],
    )
    assert.match(failed[0]?.message ?? '', /does not exist/)
  })

  it('refuses a pipe and a device, which could hold it for ever, and says what to do', {
    skip: noPipes(),
  }, async () => {
    await using folder = await folderWith({ a: 'x' })
    const pipe = join(folder.path, 'pipe')
    execFileSync('mkfifo', [pipe])
    const { sources, failed } = await findSources([pipe, '/dev/null', join(folder.path, 'a')])
    assert.equal(sources.length, 1)
    assert.match(failed[0]?.message ?? '', /is a pipe, and no file.*onward ingest -/)
    assert.match(failed[1]?.message ?? '', /is a device, and no file/)
  })

  it('finds once what is named twice', async () => {
    await using folder = await folderWith({ a: 'x' })
    assert.equal((await findSources([folder.path, join(folder.path, 'a')])).sources.length, 1)
  })
})

describe('readSource', () => {
  it('streams JSON Lines with their line numbers, leaving out empty lines', async () => {
    const lines = linesOf(await partsOf('a.jsonl', `\uFEFF${record(1)}\r\n\n  \n${record(2)}`))
    assert.deepEqual(
      lines.map(({ line, text }) => [line, JSON.parse(text).id]),
      [
        [1, 1],
        [4, 2],
      ],
    )
  })

  it('reads what is packed, whatever its name says', async () => {
    for (const name of ['a.jsonl.gz', 'a.jsonl', 'feed.xml']) {
      assert.equal(linesOf(await partsOf(name, gzipSync(`${record(1)}\n${record(2)}\n`))).length, 2)
    }
  })

  it('tells JSON Lines from a document by what is in it', async () => {
    const kinds = async (name: string, content: string) => (await partsOf(name, content)).map(({ kind }) => kind)
    assert.deepEqual(await kinds('noname', `${record(1)}\n${record(2)}`), ['lines'])
    assert.deepEqual(await kinds('one.jsonl', record(1)), ['lines'])
    assert.deepEqual(await kinds('broken.jsonl', `oops\n${record(2)}`), ['lines'])
    assert.deepEqual(await kinds('one.json', record(1)), ['document'])
    assert.deepEqual(await kinds('printed.json', JSON.stringify({ id: 1, title: 'x' }, null, 2)), ['document'])
    assert.deepEqual(await kinds('list.json', `[\n${record(1)},\n${record(2)}]`), ['document'])
    assert.deepEqual(await kinds('misnamed.jsonl', '<rss/>'), ['document'])
  })

  it('skips a line that is too long and reads on', async () => {
    const parts = await partsOf('a.jsonl', `${record(1)}\n{"id":"${'x'.repeat(200_000)}"}\n${record(3)}\n`, {
      lineBytesMax: 1000,
    })
    assert.deepEqual(
      linesOf(parts).map(({ line }) => line),
      [1, 3],
    )
    assert.match(JSON.stringify(parts), /"line":2,"message":"is 200009 bytes long; at most 1000 were expected"/)
  })

  it('skips a line that is not UTF-8 and reads on', async () => {
    const parts = await partsOf('a.jsonl', Buffer.from(`${record(1)}\n{"id":"caf\xe9"}\n${record(3)}\n`, 'latin1'))
    assert.deepEqual(
      linesOf(parts).map(({ line }) => line),
      [1, 3],
    )
  })

  it('loses nothing where lines and chunks meet', async () => {
    const content = Array.from({ length: 5000 }, (_, i) => record(i)).join('\n')
    const lines = linesOf(await partsOf('a.jsonl', content))
    assert.deepEqual(
      lines.map(({ line }) => line),
      Array.from({ length: 5000 }, (_, i) => i + 1),
    )
    assert.ok(lines.every(({ line, text }) => text === record(line - 1)))
  })

  it('refuses a bomb', async () => {
    await assert.rejects(partsOf('bomb.xml.gz', gzipSync(Buffer.alloc(50 * 1024 * 1024, '<'))), /only a bomb does/)
  })

  it('refuses a document that is too large, and says how to give it', async () => {
    await assert.rejects(
      partsOf('large.xml', `<rss>${'x'.repeat(2000)}`, { documentBytesMax: 1000 }),
      /JSON Lines, which are streamed/,
    )
  })

  it('says that a packed file ends in the middle', async () => {
    const packed = gzipSync(`${record(1)}\n`.repeat(100))
    await assert.rejects(partsOf('a.jsonl.gz', packed.subarray(0, -10)), /ends in the middle/)
  })

  it('refuses what has become a pipe since it was found', { skip: noPipes(), timeout: 10_000 }, async () => {
    await using folder = await folderWith({ a: 'x' })
    const name = join(folder.path, 'pipe')
    execFileSync('mkfifo', [name])
    await assert.rejects(Array.fromAsync(readSource({ name, kind: 'file', bytes: 1 })), /is a pipe, and no file/)
  })

  it('says that a file is empty', async () => {
    await assert.rejects(partsOf('a.jsonl', ''), /is empty/)
    await assert.rejects(partsOf('a.jsonl.gz', gzipSync('')), /is empty/)
  })

  it('counts the bytes as they lie on the disk', async () => {
    const packed = gzipSync(`${record(1)}\n`.repeat(100))
    let bytes = 0
    await partsOf('a.jsonl.gz', packed, {}, (count) => {
      bytes += count
    })
    assert.equal(bytes, packed.length)
  })
})

function noPipes(): string | false {
  return process.platform === 'win32' ? 'this system has no named pipes' : false
}

async function partsOf(
  name: string,
  content: string | Uint8Array,
  limits: ReadLimits = {},
  onBytes?: (bytes: number) => void,
) {
  await using folder = await folderWith({ [name]: content })
  const { sources } = await findSources([join(folder.path, name)])
  assert.ok(sources[0])
  return await Array.fromAsync(readSource(sources[0], { ...limits, ...(onBytes ? { onBytes } : {}) }))
}

function linesOf(parts: readonly SourcePart[]) {
  return parts.flatMap((part) => (part.kind === 'lines' ? part.lines : []))
}

async function folderWith(files: Record<string, string | Uint8Array>) {
  const path = await mkdtemp(join(tmpdir(), 'onward-read-'))
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(path, name, '..'), { recursive: true })
    await writeFile(join(path, name), content)
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}
