import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = join(root, 'examples/async')
const guidePath = join(root, 'docs/async.md')
const guide = readFileSync(guidePath, 'utf8')

/** What each example prints. Files that are not here are parts of those that are. */
const printed: Readonly<Record<string, readonly string[]>> = {
  'event-loop.ts': [
    '1. the waiter hears the order',
    '2. and says it back: nobody can interrupt him here',
    '3. before he leaves the table: what he promised to do right after',
    '4. next round: what the kitchen has put on the pass',
    'await null: paperwork, then guest',
    'await setImmediate(): guest, then paperwork',
  ],
  'async-await.ts': [
    'fish: on the fire',
    'the waiter walks on',
    'soup: on the fire',
    'soup: ready',
    'fish: ready',
    'served: soup and fish',
  ],
  'gathering.ts': [
    'Promise.all: no dinner: it burnt',
    'dinner: fish, salad',
    'dinner: fish, no salad: it burnt',
    'dinner: fish, no salad: it is late',
  ],
  'unhandled-rejection.ts': [
    'crash: ended with code 1, having sent nothing: Error: the rail broke',
    'cure:',
    'the article',
    'no rail: the rail broke',
  ],
  'cancelling.ts': ['soup is served', 'the table is cleared', 'no dinner: the guest has left'],
  'deadline.ts': ['The fish was not done within its 20 ms.'],
  'exceptions.ts': [
    'forgetful: the guest hears that the bread burnt',
    'careful: toast',
    'with meaning: STORE_UNAVAILABLE: There is no bread today. Cause: Error: the bread burnt',
  ],
  'await-using.ts': [
    'open kitchen',
    'open oven',
    'open doors',
    'dinner',
    'close doors',
    'close oven',
    'close kitchen',
    'open kitchen',
    'close kitchen',
    'not opened: the oven is broken',
  ],
  'many-requests.ts': [
    '24 bought, a crate of fish-23 last, 4 at once',
    'stopped, and the rest with it: nobody sells unicorn',
  ],
  'many-queries.ts': ['all at once: some are refused', '64 at a time: 2200 of 2200 are answered'],
  'lost-update.ts': ['two portions sold out of 10, 9 left', 'in turn: 8 left'],
  'old-value.ts': [
    'CarelessMemory offers leek soup while the board says tomato soup',
    'CarefulMemory offers tomato soup while the board says tomato soup',
  ],
  'deadlock.ts': [
    'nested: nobody moves; after the abort 2 of 2 connections are back',
    'handedDown: both are served; after the abort 2 of 2 connections are back',
  ],
  'threads.ts': [
    'the waiter cooks: 17984 primes, not one round meanwhile',
    'the cook cooks: 17984 primes, many rounds meanwhile',
  ],
  'processes.ts': ['8 guests on one port were served by 2 processes'],
  'start-and-stop.ts': [
    '1. open',
    '2. no new guests; those who sit finish their meal',
    '3. the doors are closed',
    '4. waiting for nothing ends with code 13',
  ],
  'debugging.ts': [
    'the loop was held for more than 50 ms: true',
    'still open: Timeout',
    'washing up failed: Error: no soap',
  ],
  'testing.ts': [
    'Dinner was not done within its 3600000 ms. Timers left: 0.',
    'careless: an order of events loses a sale',
    'in turn: sound in 100 orders of events',
    'Timeout × 1 was left behind',
  ],
}

// Two at a time: one a core on a small machine, and most of their time is Node's own start.
suite('each example of the guide ends by itself and prints what the guide says', { concurrency: 2 }, () => {
  for (const [name, lines] of Object.entries(printed)) {
    test(name, async () => {
      const { code, stdout, stderr } = await run(name)
      assert.deepEqual({ code, stderr, lines: stdout.trimEnd().split('\n') }, { code: 0, stderr: '', lines })
    })
  }
})

suite('the guide to asynchronous programming', () => {
  const blocks = [...guide.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(([, head = '', body = '']) => {
    const [language = '', file = ''] = head.split(' ')
    return { language, file, body }
  })

  test('shows no code that is not, word for word, in the example that it names', () => {
    const code = blocks.filter(({ language }) => language !== 'text')
    assert.ok(code.length > 15, `Only ${code.length} blocks of code were found.`)
    for (const { file, body } of code) {
      assert.ok(file in printed, `A block names ${JSON.stringify(file)}, which is not run here:\n${body}`)
      assert.ok(readFileSync(join(folder, file), 'utf8').includes(body), `${file} does not contain:\n${body}`)
    }
  })

  test('shows no output that its example does not print', () => {
    const outputs = blocks.filter(({ language }) => language === 'text')
    assert.ok(outputs.length > 5, `Only ${outputs.length} blocks of output were found.`)
    for (const { file, body } of outputs) {
      assert.ok(`${printed[file]?.join('\n')}\n`.includes(body), `${file} does not print:\n${body}`)
    }
  })

  test('leaves out no example', () => {
    const parts = ['kitchen.ts', 'cook-thread.ts', 'primes.ts']
    assert.deepEqual(readdirSync(folder).sort(), [...Object.keys(printed), ...parts].sort())
    for (const name of Object.keys(printed))
      assert.ok(guide.includes(`(../examples/async/${name})`), `${name}: no link`)
  })

  test('links to files that are there, and to functions and classes that are in them', () => {
    const links = [...guide.matchAll(/\[([^\]]+)\]\(([^)\s]+)\)/g)].map(([, text = '', target = '']) => ({
      text,
      target,
    }))
    assert.ok(links.length > 50, `Only ${links.length} links were found.`)
    const broken = links.map(({ text, target }) => shortcoming(text, target)).filter((words) => words !== null)
    assert.deepEqual(broken, [])
  })

  test('has links that this test would find broken', () => {
    assert.equal(shortcoming('`pause`', '../src/concurrency/clock.ts'), null)
    assert.match(shortcoming('`pauze`', '../src/concurrency/clock.ts') ?? '', /does not define pauze/)
    assert.match(shortcoming('`Thread.slay`', '../src/concurrency/thread.ts') ?? '', /does not define Thread\.slay/)
    assert.match(shortcoming('clock', '../src/concurrency/clocks.ts') ?? '', /is not there/)
    assert.match(shortcoming('below', '#no-such-section') ?? '', /no such heading/)
  })
})

/** What is wrong with a link of the guide, or null. */
function shortcoming(text: string, target: string): string | null {
  if (/^https?:/.test(target)) return null
  if (target.startsWith('#')) return headings().has(target.slice(1)) ? null : `${target}: no such heading`
  const path = join(dirname(guidePath), target)
  if (!existsSync(path)) return `${target} is not there`
  const name = /^`(.+)`$/.exec(text)?.[1]
  return name === undefined || defines(readFileSync(path, 'utf8'), name) ? null : `${target} does not define ${name}`
}

/** @param name of something at the top of a module, a method as `Class.method`, or a quoted key */
function defines(source: string, name: string): boolean {
  const [owner = '', method] = name.split('.')
  const declared = new RegExp(
    `^(?:export )?(?:async )?(?:function\\*? |class |const |interface |type )${owner}\\b|^ +'${owner}': \\{`,
    'm',
  )
  if (!declared.test(source)) return false
  return method === undefined || new RegExp(`^ {2}(?:(?:static|async|get) )*${method}[(<]`, 'm').test(source)
}

function headings(): Set<string> {
  return new Set(
    [...guide.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .replace(/\s/g, '-'),
    ),
  )
}

function run(name: string): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    // Far longer than any of them takes: it is there to name one that hangs.
    execFile(process.execPath, [join(folder, name)], { timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error ? (error.code ?? error.signal) : 0, stdout, stderr })
    })
  })
}
