import { type Browser, chromium } from 'playwright-core'
import { type FoundProgram, findProgram } from './find-program.ts'

/** Where Debian's Chromium is, or why there is none: hand `reason` to a test's `skip`. */
export function findChromium(): FoundProgram {
  return findProgram(['chromium', 'chromium-browser', 'google-chrome'], {
    variable: 'ONWARD_CHROMIUM',
    advice: 'No Chromium was found. Install it (Debian: apt-get install chromium) or name one in ONWARD_CHROMIUM.',
  })
}

/**
 * Starts a headless Chromium: `await using browser = await launchChromium()`.
 *
 * @throws when there is none; tests ask {@link findChromium} first and skip
 */
export async function launchChromium(): Promise<Browser> {
  const found = findChromium()
  if (found.path === null) throw new Error(found.reason)
  return chromium.launch({
    executablePath: found.path,
    headless: true,
    timeout: 30_000,
    args: [
      // The sandbox wants user namespaces, which containers and root do not have; the pages are our own.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      // In a container /dev/shm is often 64 MB, and a full one crashes the tab.
      '--disable-dev-shm-usage',
      // The rest keeps it from talking to anybody but the server under test.
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
