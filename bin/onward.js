#!/usr/bin/env node
// Plain JavaScript that an old Node can read too, so that it gets a sentence and not a syntax error.
import { existsSync, readFileSync } from 'node:fs'

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const needed = manifest.engines.node.replace(/[^0-9.]/g, '')

if (isOlder(process.versions.node, needed)) {
  // In a clone `npm ci` brings a Node of its own, which npm scripts run on.
  const isClone = existsSync(new URL('../package-lock.json', import.meta.url))
  const remedy = isClone
    ? 'In this clone `npm ci` brings its own, and `npm run -s onward -- ...` runs on it.'
    : 'Install a newer one from https://nodejs.org, or with your version manager (nvm install 24).'
  console.error(`onward needs Node ${needed} or newer, and this is Node ${process.versions.node}. ${remedy}`)
  process.exit(1)
}

// A clone runs its sources as they are; only the package has a build.
const sources = new URL('../src/cli/cli.ts', import.meta.url)
const cli = await import(existsSync(sources) ? sources.href : new URL('../dist/cli/cli.js', import.meta.url).href)
process.exitCode = await cli.main(process.argv.slice(2))
// The command is done, and has closed what it opened: what somebody else left open must not keep the prompt away.
setTimeout(() => process.exit(), 2000).unref()

function isOlder(version, than) {
  const parts = version.split('.').map(Number)
  for (const [index, part] of than.split('.').map(Number).entries()) {
    if (parts[index] !== part) return parts[index] < part
  }
  return false
}
