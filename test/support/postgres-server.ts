import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { type DatabaseServer, freePort, hasEnded, killProcess, ordinaryUser, untilSaid } from './database-process.ts'
import { foldersOfPath, isExecutable } from './find-program.ts'

const run = promisify(execFile)

/** Where PostgreSQL's programs are (15 or newer), or why the tests cannot use it. */
export function findPostgres():
  | { readonly folder: string; readonly reason: false }
  | { readonly folder: null; readonly reason: string } {
  const installed = globSync('/usr/lib/postgresql/*/bin/postgres')
    .map((path) => ({ path, version: Number(/postgresql\/(\d+)/.exec(path)?.[1]) }))
    .filter(({ version }) => version >= 15)
    .sort((a, b) => b.version - a.version)
    .map(({ path }) => path)
  const onPath = foldersOfPath().map((folder) => join(folder, 'postgres'))
  const program = [...installed, ...onPath].find(
    (path) => isExecutable(path) && isExecutable(join(dirname(path), 'initdb')),
  )
  if (program) return { folder: dirname(program), reason: false }
  return { folder: null, reason: 'PostgreSQL 15 or newer is not installed (Debian: apt-get install postgresql).' }
}

/**
 * A PostgreSQL server of this test's own, in a temporary folder, on a port of its own, which may be killed, paused and
 * started again. It does not wait for the disk: what it has committed outlives it, and not the machine.
 */
export async function startPostgres(): Promise<DatabaseServer> {
  const found = findPostgres()
  if (found.folder === null) throw new Error(found.reason)
  const root = await mkdtemp(join(tmpdir(), 'onward-postgres-'))
  const owner = ordinaryUser(['postgres', 'nobody'])
  if (owner) await chown(root, owner.uid, owner.gid)
  const data = join(root, 'data')
  const env = { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' }
  await run(
    join(found.folder, 'initdb'),
    ['-A', 'trust', '-U', 'onward', '-E', 'UTF8', '--no-locale', '--no-sync', '-D', data],
    { ...owner, env },
  )
  const port = await freePort()
  const speed = ['-c', 'fsync=off', '-c', 'full_page_writes=off']
  const settings = ['-c', 'listen_addresses=127.0.0.1', '-c', `port=${port}`, '-c', 'max_connections=200', ...speed]
  const start = async (): Promise<ChildProcess> => {
    const server = spawn(join(found.folder, 'postgres'), ['-D', data, '-k', root, ...settings], {
      ...owner,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    await untilSaid(server, 'ready to accept connections', 'PostgreSQL')
    return server
  }
  let server = await start()
  let databases = 0
  const admin = async (text: string) => {
    const client = new Client({ host: '127.0.0.1', port, user: 'onward', database: 'postgres' })
    client.on('error', () => {})
    await client.connect()
    try {
      await client.query(text)
    } finally {
      await client.end()
    }
  }
  return {
    port,
    async createDatabase() {
      const name = `news${++databases}`
      await admin(`CREATE DATABASE ${name}`)
      return `postgres://onward@127.0.0.1:${port}/${name}`
    },
    admin,
    kill: () => killProcess(server),
    async restart() {
      await killProcess(server)
      server = await start()
    },
    pause: () => signalAll(server, 'SIGSTOP'),
    resume: () => signalAll(server, 'SIGCONT'),
    async [Symbol.asyncDispose]() {
      if (!hasEnded(server)) {
        signalAll(server, 'SIGCONT')
        await killProcess(server, 'SIGQUIT')
      }
      await rm(root, { recursive: true, force: true })
    },
  }
}

// The processes that serve connections are its children.
function signalAll(server: ChildProcess, signal: NodeJS.Signals): void {
  for (const pid of [server.pid ?? 0, ...childrenOf(server.pid ?? 0)].filter((pid) => pid > 0)) {
    try {
      process.kill(pid, signal)
    } catch {
      // It has ended in between.
    }
  }
}

// From /proc where there is one: to start a program for it would hold up whoever measures meanwhile.
function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).map(Number)
  } catch {
    const listed = execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
    return listed.split('\n').map(Number)
  }
}
