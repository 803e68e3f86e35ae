import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import type { Report } from '../../src/report/report.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { onward, saidBy, start } from './run-onward.ts'

describe('onward report', { timeout: 120_000 }, () => {
  it('leaves a report of what it has by then when it is stopped', async () => {
    await using folder = await temporaryFolder()
    const flags = ['--seconds', '1', '--articles', '150', '--modes', 'blocking', 'onward', '--out', 'mine']
    const child = start(['report', ...flags], folder)
    assert.match(await saidBy(child, /blocking: the highest rate/), /s left/)
    child.kill('SIGINT')
    const [code] = await once(child, 'close')
    assert.equal(code, 130)
    const report = JSON.parse(await readFile(folder.file('mine', 'report.json'), 'utf8')) as Report
    assert.match(await readFile(folder.file('mine', 'report.html'), 'utf8'), /^<!doctype html>/i)
    assert.match(await readFile(folder.file('mine', 'report.md'), 'utf8'), /onward/)
    assert.equal(report.format, 'onward-report')
    assert.ok(report.partial?.missing.includes('onward: the highest rate'))
    assert.equal(report.data.articles, 150)
    const read = (name: string) => readFile(folder.file('mine', name), 'utf8')
    assert.match(await read('report.html'), /This report is incomplete\./)
    assert.match(await read('report.md'), /This report is incomplete\..*!\[.*\]\(chart\.svg\)/s)
    assert.match(await read('chart.svg'), /^<svg /)
    assert.equal(report.command, 'onward report --seconds 1 --articles 150 --modes blocking onward')
  })

  it('says what is wrong with a command line before it measures anything', async () => {
    await using folder = await temporaryFolder()
    for (const [flags, expected] of [
      [['--modes', 'blocking', 'quick'], /There is no mode "quick"\. The modes are: blocking, /],
      [['--seconds', '0'], /whole number from 1 to 100/],
      [['--store', 'sqlite:a.db', '--data', 'b.jsonl'], /--store and --data name two archives/],
      [['--out', '/dev/null/report'], /The folder \/dev\/null\/report cannot be written/],
    ] as const) {
      const { code, err } = await onward(['report', ...flags], folder)
      assert.equal(code, 2)
      assert.match(err, expected)
    }
    const { code, err } = await onward(['report', '--data', 'nothing.jsonl'], folder)
    assert.equal(code, 1)
    assert.match(err, /nothing\.jsonl/)
  })
})
