/**
 * Measures anew what `docs/report/` holds and the README tells of it.
 *
 *     npm run report:docs -- --data "$ONWARD_DATA/reuters21578.jsonl.gz" [flags of onward report]
 *     npm run report:docs -- --redraw       the same figures, drawn and told again
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Report } from '../src/report/report.ts'
import { writeReport } from '../src/report/write-report.ts'
import { withBrief } from './report-brief.ts'

const root = join(import.meta.dirname, '..')
const folder = join(root, 'docs', 'report')
const flags = process.argv.slice(2)

if (!flags.includes('--redraw')) {
  const command = [join(root, 'bin', 'onward.js'), 'report', ...flags, '--out', folder]
  const measuring = spawn(process.execPath, command, { stdio: 'inherit' })
  const [code] = await once(measuring, 'exit')
  // A report that is not whole is not what the README should tell.
  if (code !== 0) process.exit(typeof code === 'number' ? code : 1)
}
const report = JSON.parse(await readFile(join(folder, 'report.json'), 'utf8')) as Report
if (flags.includes('--redraw')) await writeReport(report, folder)
const readme = join(root, 'README.md')
await writeFile(readme, withBrief(await readFile(readme, 'utf8'), report))
