import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

/** Where Debian's Chromium is, or why there is none: hand `reason` to a test's `skip`. */
export type FoundChromium =
  | { readonly path: string; readonly reason: false }
  | { readonly path: null; readonly reason: string }

export function findChromium(): FoundChromium {
  const named = process.env.ONWARD_CHROMIUM
  if (named !== undefined && named !== '') {
    return isExecutable(named)
      ? { path: named, reason: false }
      : { path: null, reason: `ONWARD_CHROMIUM names ${named}, which cannot be run.` }
  }
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  const path = folders
    .flatMap((folder) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name)))
    .find(isExecutable)
  return path === undefined
    ? {
        path: null,
        reason: 'No Chromium was found. Install it (Debian: apt-get install chromium) or name one in ONWARD_CHROMIUM.',
      }
    : { path, reason: false }
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

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
