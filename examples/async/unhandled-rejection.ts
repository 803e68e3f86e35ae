import { execFile } from 'node:child_process'
import { minutes } from './kitchen.ts'

const article = () => minutes(3).then(() => 'the article')
const related = () => minutes(1).then(() => Promise.reject(new Error('the rail broke')))

async function crash(): Promise<void> {
  const rail = related() // Rejects while the article is being read. Nobody listens yet, and the process ends.
  console.log(await article())
  console.log(await rail)
}

async function cure(): Promise<void> {
  const rail = related().catch((error: Error) => `no rail: ${error.message}`) // Heard from its first moment on.
  console.log(await article())
  console.log(await rail)
}

if (process.argv[2] === 'crash') {
  await crash()
} else {
  const child = await run('crash')
  console.log(`crash: ended with code ${child.code}, having sent ${child.sent || 'nothing'}: ${child.error}`)
  console.log('cure:')
  await cure()
}

function run(part: string): Promise<{ code: unknown; sent: string; error: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [import.meta.filename, part], (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, sent: stdout.trim(), error: /^Error: .*/m.exec(stderr)?.[0] ?? '' })
    })
  })
}
