import { findPostgres } from '../test/support/postgres-server.ts'
import { installPackage, mayInstall } from './install-package.ts'

/**
 * Sees to it that the tests on PostgreSQL can run: installs Debian's where it is missing and this may be done. Never fails:
 * it gives why there is none, and then those tests are skipped.
 */
export async function providePostgres(print: (text: string) => void): Promise<void> {
  const found = findPostgres()
  if (found.folder !== null) return
  if (!mayInstall()) {
    print(`- The tests on PostgreSQL will be skipped. ${found.reason}`)
    return
  }
  print('- No PostgreSQL was found: installing it for the tests (apt-get install postgresql) ...')
  const failure = await installPackage('postgresql')
  const provided = findPostgres()
  if (provided.folder !== null) print(`- PostgreSQL is installed: ${provided.folder}`)
  else print(`- It could not be installed (${failure ?? provided.reason}). The tests on it will be skipped.`)
}
