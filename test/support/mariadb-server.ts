import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { createConnection } from 'mysql2/promise'
import { type DatabaseServer, freePort, killProcess, ordinaryUser, untilSaid } from './database-process.ts'
import { foldersOfPath, isExecutable } from './find-program.ts'

const run = promisify(execFile)

/** Where MariaDB's programs are, or why the tests cannot use it. */
export function findMariadb():
  | { readonly server: string; readonly install: string; readonly reason: false }
  | { readonly server: null; readonly reason: string } {
  const folders = [...foldersOfPath(), '/usr/sbin', '/usr/local/sbin', '/usr/libexec']
  const server = folders.map((folder) => join(folder, 'mariadbd')).find(isExecutable)
  const install = [...folders, server ? join(dirname(server), '../bin') : '', '/usr/bin']
    .map((folder) => join(folder, 'mariadb-install-db'))
    .find(isExecutable)
  if (server && install) return { server, install, reason: false }
  return { server: null, reason: 'MariaDB 10.11 or newer is not installed (Debian: apt-get install mariadb-server).' }
}

/**
 * A MariaDB server of this test's own, in a temporary folder, on a port of its own, which may be killed, paused and started
 * again. It does not wait for the disk: what it has committed outlives it, and not the machine.
 */
export async function startMariadb(): Promise<DatabaseServer> {
  const found = findMariadb()
  if (found.server === null) throw new Error(found.reason)
  const { server: program, install } = found
  const root = await mkdtemp(join(tmpdir(), 'onward-mariadb-'))
  const owner = ordinaryUser(['mysql', 'nobody'])
  if (owner) await chown(root, owner.uid, owner.gid)
  const data = join(root, 'data')
  // Of its own: a server that starts removes every temporary table that it finds in its folder, those of another server too.
  const temporary = `--tmpdir=${root}`
  await run(
    install,
    ['--no-defaults', `--datadir=${data}`, temporary, '--auth-root-authentication-method=normal', '--skip-test-db'],
    { ...owner },
  )
  const port = await freePort()
  const settings = [
    '--no-defaults',
    `--datadir=${data}`,
    temporary,
    `--socket=${join(root, 'socket')}`,
    `--pid-file=${join(root, 'pid')}`,
    '--bind-address=127.0.0.1',
    `--port=${port}`,
    '--max-connections=300',
    // What was handed to the system outlives the process.
    '--innodb-flush-log-at-trx-commit=2',
    '--innodb-flush-method=nosync',
    '--innodb-log-file-size=32M',
    '--skip-name-resolve',
  ]
  const start = async (): Promise<ChildProcess> => {
    const started = spawn(program, settings, { ...owner, stdio: ['ignore', 'ignore', 'pipe'] })
    await untilSaid(started, 'ready for connections', 'MariaDB')
    return started
  }
  let server = await start()
  let databases = 0
  const admin = async (text: string) => {
    const connection = await createConnection({ host: '127.0.0.1', port, user: 'root', multipleStatements: true })
    connection.on('error', () => {})
    try {
      await connection.query(text)
    } finally {
      await connection.end()
    }
  }
  await admin("CREATE USER onward@'%' IDENTIFIED BY 'secret'; GRANT ALL ON *.* TO onward@'%' WITH GRANT OPTION")
  return {
    port,
    async createDatabase() {
      const name = `news${++databases}`
      await admin(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`)
      return `mysql://onward:secret@127.0.0.1:${port}/${name}`
    },
    admin,
    kill: () => killProcess(server),
    async restart() {
      await killProcess(server)
      server = await start()
    },
    pause: () => server.kill('SIGSTOP'),
    resume: () => server.kill('SIGCONT'),
    async [Symbol.asyncDispose]() {
      server.kill('SIGCONT')
      await killProcess(server)
      await rm(root, { recursive: true, force: true })
    },
  }
}
