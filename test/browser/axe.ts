import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'

/** What axe calls serious or critical, as sentences with the place of the first. */
export async function seriousProblems(page: Page): Promise<string[]> {
  const { violations, passes } = await page.evaluate<AxeResults>(`axe.run(document, { resultTypes: ['violations'] })`)
  assert.ok(passes.length > 10, 'axe has looked')
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => `${id}: ${help} (${nodes.length} × ${nodes[0]?.html})`)
}

/** To be evaluated in a page before {@link seriousProblems} is asked; the page's policy has to be lifted for it. */
export const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
