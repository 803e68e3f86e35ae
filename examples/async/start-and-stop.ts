import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'

const stop = new AbortController()
const onSignal = () => stop.abort()
process.on('SIGTERM', onSignal)
{
  await using server = createServer((_request, response) => response.end('soup'))
  server.on('close', () => console.log('3. the doors are closed'))
  await once(server.listen(0, '127.0.0.1'), 'listening') // Holds the process from here on.
  console.log('1. open')
  process.kill(process.pid, 'SIGTERM') // What a service manager sends.
  if (!stop.signal.aborted) await once(stop.signal, 'abort')
  console.log('2. no new guests; those who sit finish their meal')
}
process.off('SIGTERM', onSignal)

// A promise holds nothing: with no socket, timer or thread left there is no event that could ever settle it.
console.log(`4. waiting for nothing ends with code ${await exitCodeOf('await new Promise(() => {})')}`)

function exitCodeOf(module: string): Promise<unknown> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--input-type=module', '--eval', module], (error) => resolve(error?.code ?? 0))
  })
}
