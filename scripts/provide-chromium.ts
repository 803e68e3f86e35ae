import { findChromium } from '../test/support/chromium.ts'
import { installPackage, mayInstall } from './install-package.ts'

/**
 * Sees to it that the tests in a browser can run: installs Debian's Chromium where it is missing and this may be done.
 *
 * It may as root on a system with apt-get, unless `ONWARD_CHROMIUM` is set (to a path, or to `none`). Never fails: it
 * gives why there is none, and then those tests are skipped.
 */
export async function provideChromium(print: (text: string) => void): Promise<void> {
  const found = findChromium()
  if (found.path !== null) return
  if (process.env.ONWARD_CHROMIUM || !mayInstall()) {
    print(`- The tests in a browser (test/browser/) will be skipped. ${found.reason}`)
    return
  }
  print('- No Chromium was found: installing it for the tests in a browser (apt-get install chromium) ...')
  const failure = await installPackage('chromium')
  const provided = findChromium()
  if (provided.path !== null) print(`- Chromium is installed: ${provided.path}`)
  else print(`- It could not be installed (${failure ?? provided.reason}). The tests in a browser will be skipped.`)
}
