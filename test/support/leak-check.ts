import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * Runs `story` and fails when it leaves behind an active resource (a socket, server, timer, file handle or worker
 * thread that it did not close), a process listener, or a promise that rejected unheard.
 *
 * Only what keeps the process alive counts as a resource: an unref'd timer does not. Stories must not run at the same
 * time as other work of the same process.
 */
export async function leavesNothingBehind(story: () => Promise<void>): Promise<void> {
  const unheard: unknown[] = []
  const onUnheard = (reason: unknown) => unheard.push(reason)
  const before = { resources: resourceCounts(), listeners: processListeners() }
  // The test runner listens too, and blames whichever test happens to run; for the story's span this listener stands in.
  const runners = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', onUnheard)
  try {
    await story()
    // A closed handle is taken off the list some turns after its close event, sooner or later by the machine's load.
    for (let turn = 0; turn < 200 && surplus(before.resources, resourceCounts()).length > 0; turn++) await nextTurn()
    await nextTurn()
  } finally {
    process.removeListener('unhandledRejection', onUnheard)
    for (const listener of runners) process.on('unhandledRejection', listener)
  }
  assert.deepEqual(unheard, [], 'A promise rejected and nobody heard it: await it, return it, or give it an owner.')
  assert.deepEqual(
    surplus(before.resources, resourceCounts()),
    [],
    'These resources were opened and not closed (kind × how many).',
  )
  assert.deepEqual(surplus(before.listeners, processListeners()), [], 'These listeners on `process` were not removed.')
}

function resourceCounts(): Map<string, number> {
  // What the runner itself opens while a test runs (its pipe to the parent process) is not the story's.
  const ignored = new Set(['PipeWrap', 'TTYWrap', 'Immediate', 'TickObject'])
  return counts(process.getActiveResourcesInfo().filter((kind) => !ignored.has(kind)))
}

function processListeners(): Map<string, number> {
  return counts(
    process
      .eventNames()
      .filter((name) => name !== 'unhandledRejection')
      .flatMap((name) => Array<string>(process.listenerCount(name)).fill(String(name))),
  )
}

function counts(names: readonly string[]): Map<string, number> {
  const result = new Map<string, number>()
  for (const name of names) result.set(name, (result.get(name) ?? 0) + 1)
  return result
}

function surplus(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): string[] {
  return [...after]
    .map(([name, count]) => ({ name, more: count - (before.get(name) ?? 0) }))
    .filter(({ more }) => more > 0)
    .map(({ name, more }) => `${name} × ${more}`)
}
