import { findMariadb } from '../test/support/mariadb-server.ts'
import { installPackage, mayInstall } from './install-package.ts'

/**
 * Sees to it that the tests on MariaDB can run: installs Debian's where it is missing and this may be done. Never fails:
 * it gives why there is none, and then those tests are skipped.
 */
export async function provideMariadb(print: (text: string) => void): Promise<void> {
  const found = findMariadb()
  if (found.server !== null) return
  if (!mayInstall()) {
    print(`- The tests on MariaDB will be skipped. ${found.reason}`)
    return
  }
  print('- No MariaDB was found: installing it for the tests (apt-get install mariadb-server) ...')
  const failure = await installPackage('mariadb-server')
  const provided = findMariadb()
  if (provided.server !== null) print(`- MariaDB is installed: ${provided.server}`)
  else print(`- It could not be installed (${failure ?? provided.reason}). The tests on it will be skipped.`)
}
