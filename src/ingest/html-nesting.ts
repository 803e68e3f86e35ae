import { Parser } from 'htmlparser2'

/**
 * Whether tags stand inside each other more than `tagsMax` deep, tags that are never closed counted as a parser does.
 *
 * Takes time in proportion to the text and stops at the bound: it stands before the sanitiser, whose time grows with
 * the square of the depth (`<b>` 600,000 times: minutes).
 */
export function nestsDeeperThan(html: string, tagsMax: number): boolean {
  // `<b>` is the shortest tag.
  if (html.length <= tagsMax * 3) return false
  let depth = 0
  let tooDeep = false
  const parser = new Parser({
    onopentagname() {
      depth += 1
      if (depth > tagsMax) tooDeep = true
    },
    onclosetag() {
      depth -= 1
    },
  })
  for (let at = 0; at < html.length && !tooDeep; at += charactersPerStep) {
    parser.write(html.slice(at, at + charactersPerStep))
  }
  return tooDeep
}

// The parser cannot be stopped inside what it is handed; so much of nothing but `<b>` takes it 10 ms.
const charactersPerStep = 16_384
