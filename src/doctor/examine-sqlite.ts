import { constants, existsSync, type Stats } from 'node:fs'
import { access, stat, statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { OnwardError } from '../errors.ts'
import { sqliteFile } from '../store/open-store.ts'
import { inWords } from '../store/sqlite/failure.ts'
import { migrations } from '../store/sqlite/migrations.ts'
import { applicationId } from '../store/sqlite/open-database.ts'
import { checkSchema, type Findings, noTablesYet } from './check.ts'

/** Looks at the file that a URL names, which is opened for reading alone; gives where it is. */
export async function examineSqlite(url: string, findings: Findings): Promise<string> {
  let file: string
  try {
    file = resolve(sqliteFile(url))
  } catch (error) {
    if (!(error instanceof OnwardError)) throw error
    findings.fail('address', error.message)
    return 'no store'
  }
  const found = await stat(file).catch(() => null)
  if (found === null) await checkPlace(file, findings)
  else if (!found.isFile()) {
    findings.fail(
      'file',
      `${file} is ${found.isDirectory() ? 'a folder' : 'no file'}.`,
      `Name a file in it, such as sqlite:${file}/news.db.`,
    )
  } else {
    await checkFile(file, found, findings)
    await checkDisk(dirname(file), findings)
  }
  return `sqlite:${file}`
}

/** Where there is no file yet: it and its folders are made by the first start. */
async function checkPlace(file: string, findings: Findings): Promise<void> {
  let folder = dirname(file)
  while (folder !== dirname(folder) && !(await stat(folder).catch(() => null))) folder = dirname(folder)
  const there = await stat(folder).catch(() => null)
  if (!there?.isDirectory())
    findings.fail('file', `${folder} is no folder, so ${file} cannot be made.`, 'Name another file.')
  else if (await mayWrite(folder)) {
    findings.ok('file', `${file} is not there yet, as before a first start, which makes it.`)
    await checkDisk(folder, findings)
  } else
    findings.fail(
      'file',
      `${file} is not there, and this user may not make it in ${folder}.`,
      `Let the user that runs onward write to ${folder}.`,
    )
}

async function checkFile(file: string, { size }: Stats, findings: Findings): Promise<void> {
  if (!(await mayWrite(file)) || !(await mayWrite(dirname(file)))) {
    findings.fail(
      'rights',
      `This user may not write to ${file} and to its folder.`,
      'Let the user that runs onward write to both: SQLite keeps its log beside the file.',
    )
  } else findings.ok('rights', 'This user may write to the file and to its folder.')
  if (size === 0) {
    findings.ok('tables', noTablesYet)
    return
  }
  try {
    using db = openUnchanged(file)
    checkContent(db, { file, size }, findings)
  } catch (error) {
    findings.fail('file', inWords(error, file).message)
  }
}

function checkContent(db: DatabaseSync, { file, size }: { file: string; size: number }, findings: Findings): void {
  const tables = Number(db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.tables)
  const owner = Number(db.prepare('PRAGMA application_id').get()?.application_id)
  if (owner !== applicationId && (owner !== 0 || tables > 0)) {
    findings.fail('tables', `${file} is a SQLite database of another program.`, 'Name another file.')
    return
  }
  if (tables === 0) {
    findings.ok('tables', noTablesYet)
    return
  }
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version)
  checkSchema(findings, { found: version, known: migrations.length, mayChange: true })
  if (size > lookedThroughMax) {
    findings.warn(
      'soundness',
      `The file is ${Math.round(size / 1e6)} MB, and was not looked through.`,
      `sqlite3 ${file} "PRAGMA quick_check" does it.`,
    )
    return
  }
  const said = db.prepare('PRAGMA quick_check(1)').get()?.quick_check
  if (said === 'ok') findings.ok('soundness', 'The file was looked through, and is sound.')
  else
    findings.fail(
      'soundness',
      `The file is damaged: ${said}`,
      'Restore it from a backup, or move it away and ingest again.',
    )
}

/**
 * Opened the usual way, a reader makes a log and its index beside the file, and cannot take them away again. Where there is no
 * log nobody writes, and the file alone is all there is.
 */
function openUnchanged(file: string): DatabaseSync {
  const address = pathToFileURL(file)
  if (!existsSync(`${file}-wal`)) address.searchParams.set('immutable', '1')
  return new DatabaseSync(address, { readOnly: true, timeout: 1000 })
}

async function checkDisk(folder: string, findings: Findings): Promise<void> {
  const disk = await statfs(folder)
  const freeMb = Math.floor((disk.bavail * disk.bsize) / 1e6)
  if (networkDisks.has(disk.type)) {
    findings.fail(
      'disk',
      'The file is on a disk of the network, where SQLite cannot lock it.',
      'Put it on a disk of this machine, or use PostgreSQL or MariaDB.',
    )
  } else if (freeMb < freeMbMin)
    findings.warn(
      'disk',
      `${freeMb} MB are free on its disk.`,
      'Free some space: a write that does not fit is refused.',
    )
  else findings.ok('disk', `${freeMb} MB are free on its disk.`)
}

async function mayWrite(path: string): Promise<boolean> {
  return await access(path, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  )
}

/** Some seconds of reading, which nothing can call off. */
const lookedThroughMax = 2_000_000_000
const freeMbMin = 500
/** NFS, SMB 1 and SMB 2, by the numbers of Linux. */
const networkDisks: ReadonlySet<number> = new Set([0x6969, 0xff534d42, 0xfe534d42])
