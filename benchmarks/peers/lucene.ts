import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** What it takes to run Lucene, or why it cannot be run. */
export type FoundLucene =
  | { readonly classPath: string; readonly reason: null }
  | { readonly classPath: null; readonly reason: string }

const debianJars = '/usr/share/java'
const jarsNeeded = ['lucene-core', 'lucene-analyzers-common', 'lucene-queries'] as const

/**
 * Finds a JDK and Lucene's jars, compiles the peer into `folder`, and says why where that is not possible.
 *
 * As root with apt-get, what is missing is installed from Debian (`default-jdk-headless`, `liblucene8-java`).
 *
 * @param jars the folder of the jars; default: Debian's
 */
export function provideLucene(folder: string, jars: string = debianJars): FoundLucene {
  const missing = () => [...(isRunnable('javac') ? [] : ['a JDK']), ...jarsNeeded.filter((name) => !jarIn(jars, name))]
  if (missing().length > 0 && jars === debianJars && process.getuid?.() === 0 && isRunnable('apt-get')) {
    process.stderr.write('Installing Lucene (apt-get install liblucene8-java) ...\n')
    const options = {
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      timeout: 600_000,
    } as const
    spawnSync('apt-get', ['update', '-qq'], options)
    const packages = ['liblucene8-java', ...(isRunnable('javac') ? [] : ['default-jdk-headless'])]
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], options)
  }
  const stillMissing = missing()
  if (stillMissing.length > 0) {
    return {
      classPath: null,
      reason: `${stillMissing.join(', ')} not found (Debian: default-jdk-headless, liblucene8-java)`,
    }
  }
  const classPath = jarsNeeded.map((name) => jarIn(jars, name)!).join(':')
  try {
    execFileSync('javac', ['-cp', classPath, '-d', folder, join(import.meta.dirname, 'MoreLikeThisPeer.java')], {
      stdio: 'pipe',
    })
  } catch (error) {
    return { classPath: null, reason: `its peer could not be compiled: ${error instanceof Error ? error.message : ''}` }
  }
  return { classPath: `${classPath}:${folder}`, reason: null }
}

function jarIn(folder: string, name: string): string | null {
  if (!existsSync(folder)) return null
  const file = readdirSync(folder).find((entry) => entry.startsWith(`${name}-8`) && entry.endsWith('.jar'))
  return file === undefined ? null : join(folder, file)
}

function isRunnable(command: string): boolean {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined
}
