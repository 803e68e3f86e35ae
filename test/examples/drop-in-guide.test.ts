import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type TemporaryFolder, temporaryFolder } from '../support/temporary-folder.ts'
import { listening } from './sites.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const guide = readFileSync(join(root, 'docs/drop-in.md'), 'utf8')

suite('the guide to dropping onward in', () => {
  const blocks = [...guide.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({
    language,
    text,
  }))

  test('shows code and commands alone, which are tested below', () => {
    assert.ok(blocks.length > 10)
    assert.deepEqual([...new Set(blocks.map(({ language }) => language))].sort(), ['sh', 'ts'])
  })

  for (const { text } of blocks.filter(({ language }) => language === 'ts')) {
    const [, file = '', code = ''] = /^\/\/ (\S+)\n(.*)$/s.exec(text) ?? []
    test(`shows what stands in ${file || 'an example'}: ${code.trim().split('\n')[0]}`, () => {
      assert.notEqual(file, '', 'the first line of a block names its file')
      // A site imports the package; the examples in a clone import its sources.
      const example = readFileSync(join(root, file), 'utf8').replaceAll(
        /from '[^']+' \/\/ In your site: from ('[^']+')\./g,
        'from $1',
      )
      assert.ok(`\n${example}`.includes(`\n${code}`), `not in ${file}:\n${code}`)
    })
  }

  test('links to nothing that is not there', () => {
    const anchors = new Set([...guide.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading)))
    for (const [, target = ''] of guide.matchAll(/\]\(([^)]+)\)/g)) {
      if (target.startsWith('#')) assert.ok(anchors.has(target.slice(1)), target)
      else assert.ok(existsSync(join(root, 'docs', target)), target)
    }
  })

  suite('gives commands that run, one after the other, in a folder of their own', () => {
    const commands = blocks.filter(({ language }) => language === 'sh').flatMap(({ text }) => text.trim().split('\n'))
    let folder: TemporaryFolder
    let closeFeed: () => PromiseLike<void>
    let feed = ''

    before(async () => {
      folder = await temporaryFolder()
      for (const name of ['bin', 'examples', 'sample', 'src', 'node_modules', 'package.json']) {
        await symlink(join(root, name), folder.file(name))
      }
      const serving = await listening((_request, response) => response.end(aFeed))
      feed = serving.origin
      closeFeed = () => serving[Symbol.asyncDispose]()
    })
    after(async () => {
      await closeFeed()
      await folder[Symbol.asyncDispose]()
    })

    for (const command of commands) {
      test(command, async () => {
        const run = (ready: RegExp | null) => runInShell(asTested(command, feed), folder.path, ready)
        if (command.includes('server.ts')) {
          const { origin, stop } = await run(/listening on (http:\/\/[^/\s]+)/)
          assert.match(await (await fetch(`${origin}/articles/1`)).text(), /<article><h1>/)
          assert.equal(await stop(), 0)
        } else if (command.includes('-- serve')) {
          const { origin, stop } = await run(/(http:\/\/[^/\s]+)/)
          const refused = await fetch(`${origin}/v1/articles/x`, { method: 'DELETE' })
          assert.equal(refused.status, 401, 'it takes writes, from those who have the token')
          await stop()
        } else if (command.includes('--every')) {
          const { output, stop } = await run(/Following 1 address/)
          assert.match(output(), /1 new/)
          await stop()
        } else {
          const { output, stop } = await run(null)
          assert.equal(await stop(), 0, output())
          assert.match(output(), /91 articles in cms\.db|91 records from 1 source: .* 0 rejected/)
        }
      })
    }
  })
})

/** The command as it is, on this Node instead of npm's start of it, on a free port, with a feed of this machine. */
function asTested(command: string, feed: string): string {
  return command
    .replace('npx node', 'node')
    .replace('npm run -s onward --', 'node bin/onward.js')
    .replace(/PORT=\d+/, 'PORT=0')
    .replace(/--port \d+/, '--port 0')
    .replace('https://news.example', feed)
}

/** Waits until `ready` is printed, or until the command ends when it is null. `stop` gives the exit code. */
async function runInShell(command: string, cwd: string, ready: RegExp | null) {
  const path = `${dirname(process.execPath)}:${process.env.PATH ?? ''}`
  // The shell gives its place to the command, and with it the signal that ends it.
  const child = spawn('sh', ['-c', `exec env ${command}`], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: path, ONWARD_ALLOW_PRIVATE_ADDRESSES: 'true' },
  })
  const exited = once(child, 'exit') as Promise<[number | null]>
  let output = ''
  const origin = await new Promise<string>((resolve, reject) => {
    const onText = (chunk: Buffer) => {
      output += chunk.toString()
      const found = ready?.exec(output)
      if (found) resolve(found[1] ?? '')
    }
    child.stdout.on('data', onText)
    child.stderr.on('data', onText)
    void exited.then(() => (ready === null ? resolve('') : reject(new Error(`It ended too soon: ${output}`))))
  })
  return {
    origin,
    output: () => output,
    async stop() {
      if (child.exitCode === null) child.kill('SIGTERM')
      const [code] = await exited
      return code
    },
  }
}

function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .replaceAll(' ', '-')
}

const aFeed = `<?xml version="1.0"?><rss version="2.0"><channel><title>News</title><link>https://news.example/</link>
<item><title>Ferry returns</title><guid isPermaLink="false">ferry</guid><description>It is back.</description>
<pubDate>Mon, 02 Nov 2026 09:30:00 GMT</pubDate></item></channel></rss>`
