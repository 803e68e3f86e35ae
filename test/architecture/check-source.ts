import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import { type Layer, layers, mayReExport, pureBuiltins } from './layers.ts'
import { blankTexts, type Import, lineAt, readImports } from './read-source.ts'

/** The paths of source files below `src/`, with `/`, and their texts. */
export type Sources = ReadonlyMap<string, string>

/**
 * Everything in `sources` that goes against the layers, each as `src/file.ts:line: what is wrong. What to do.`
 *
 * @param dependencies the packages that an installation brings: `dependencies` and `peerDependencies`
 */
export function checkSources(sources: Sources, dependencies: ReadonlySet<string>): string[] {
  const violations: string[] = []
  const graph = new Map<string, string[]>()
  for (const [path, source] of [...sources].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const report = (line: number, text: string) => violations.push(`src/${path}:${line}: ${text}`)
    const layer = layerOf(path)
    const imports = readImports(source)
    const code = blankTexts(source)
    checkName(path, report)
    if (!layer) {
      report(1, 'It belongs to no layer. Move it, or give it a layer in test/architecture/layers.ts.')
      continue
    }
    for (const found of imports) {
      if (found.specifier.startsWith('.')) checkRelative(path, layer, found, sources, report)
      else checkPackage(layer, found, dependencies, report)
    }
    checkReExports(path, imports, report)
    checkWords(path, layer, source, code, report)
    graph.set(
      path,
      imports
        .filter(({ kind, specifier }) => kind !== 'dynamic' && specifier.startsWith('.'))
        .map(({ specifier }) => posix.join(posix.dirname(path), specifier)),
    )
  }
  return [...violations, ...cycles(graph)]
}

type Report = (line: number, text: string) => void

/** The layer whose entry fits best, or null. */
export function layerOf(path: string): Layer | null {
  let best: { layer: Layer; length: number } | null = null
  for (const layer of layers) {
    for (const entry of layer.files) {
      const fits = entry.endsWith('/') ? path.startsWith(entry) : path === entry
      if (fits && (!best || entry.length > best.length)) best = { layer, length: entry.length }
    }
  }
  return best?.layer ?? null
}

function checkName(path: string, report: Report): void {
  if (/(?:^|\/)(?:utils?|helpers?|common|misc)(?:\/|\.ts$)/.test(path)) {
    report(1, 'Its name says nothing. Name it after the thing that it holds.')
  }
  if (/(?:^|\/)index\.ts$/.test(path) && path !== 'index.ts') {
    report(1, 'A folder has no index file. Import the file that defines the thing.')
  }
}

function checkRelative(path: string, layer: Layer, found: Import, sources: Sources, report: Report): void {
  const target = posix.join(posix.dirname(path), found.specifier)
  if (target.startsWith('../')) {
    report(
      found.line,
      `It imports ${found.specifier}, which is outside src/ and not in the package. Move that below src/.`,
    )
    return
  }
  if (!sources.has(target)) {
    report(found.line, `It imports ${found.specifier}, which is not there. Write the path with its .ts extension.`)
    return
  }
  const other = layerOf(target)
  if (!other || other === layer || layer.mayImport.includes(other.name)) return
  if (layer.mayImport.includes(`types of ${other.name}`)) {
    if (found.isTypeOnly) return
    report(
      found.line,
      `${layer.name} may know the types of ${other.name} alone (${target}). Use import type, or have the value handed in.`,
    )
    return
  }
  const allowed = layer.mayImport.length === 0 ? 'nothing' : layer.mayImport.join(', ')
  report(
    found.line,
    `${layer.name} may not import ${other.name} (${target}), only ${allowed}. Have it handed in by app.ts, or move what both need down.`,
  )
}

function checkPackage(layer: Layer, found: Import, dependencies: ReadonlySet<string>, report: Report): void {
  if (isBuiltin(found.specifier)) {
    if (!found.specifier.startsWith('node:')) report(found.line, `Write node:${found.specifier}.`)
    else if (layer.isPure && !found.isTypeOnly && !pureBuiltins.includes(found.specifier)) {
      report(found.line, `${layer.name} is pure and may not import ${found.specifier}. Have it handed in as a value.`)
    }
    return
  }
  const name = found.specifier.split('/', found.specifier.startsWith('@') ? 2 : 1).join('/')
  if (!layer.packages?.includes(name)) {
    const allowed = layer.packages === undefined ? 'none' : `only ${layer.packages.join(', ')}`
    report(
      found.line,
      `${layer.name} may not import the package ${name} (${allowed}). Use it in the layer that it belongs to.`,
    )
  }
  // It may well be there while developing, brought by another package, and missing or of another version once installed.
  if (!dependencies.has(name)) report(found.line, `${name} is not a dependency. Add it to package.json.`)
}

function checkReExports(path: string, imports: readonly Import[], report: Report): void {
  if (path in mayReExport) return
  for (const { kind, line, specifier } of imports) {
    if (kind === 're-export')
      report(line, `It exports what ${specifier} defines. Import it from there where it is used.`)
  }
}

const forbiddenEverywhere: ReadonlyArray<{ words: RegExp; except: (path: string) => boolean; text: string }> = [
  {
    words: /(?<![.\w$])process\s*\.\s*env\b(?!\s*\.\w+\s*=)|\bProcess\.env\b/g,
    except: (path) => path === 'options.ts',
    text: 'Only options.ts reads process.env. Declare an option there.',
  },
  {
    words: /(?<![.\w$])console\s*\./g,
    except: () => false,
    text: 'Nothing writes to the console. Publish an event, or write to process.stderr in cli/.',
  },
  {
    // Only where a type stands for sure: a variable may have the name, and the linter knows the rest.
    words: /(?<=[:<|&]\s*|\bas\s+|\btype\s+\w+\s*=\s*)any(?=\s*(?:\[\]|[>|&,;)=]|$))|\bany\[\]/gm,
    except: () => false,
    text: 'any switches the checks off. Use unknown and check what it is.',
  },
]

const forbiddenInPureLayers =
  /(?<![.\w$])(?:process|performance|globalThis)\s*\.|\bDate\s*\.\s*now\b|\bnew\s+Date\s*(?:\(\s*\)|(?![\s(]))|\bMath\s*\.\s*random\b|\brandomUUID\b|\brandomBytes\b|(?<![.\w$])(?:setTimeout|setInterval|setImmediate|fetch)\s*\(/g

function checkWords(path: string, layer: Layer, source: string, code: string, report: Report): void {
  for (const { words, except, text } of forbiddenEverywhere) {
    if (except(path)) continue
    for (const match of code.matchAll(words)) report(lineAt(source, match.index), text)
  }
  if (!layer.isPure) return
  for (const match of code.matchAll(forbiddenInPureLayers)) {
    const word = match[0].replace(/\s*[(.]?\s*$/, '')
    report(
      lineAt(source, match.index),
      `${layer.name} is pure and may not touch ${word}. Have it handed in, time as a Clock.`,
    )
  }
}

/** Each cycle once, named by its file that comes first. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found = new Map<string, string>()
  const done = new Set<string>()
  const trail: string[] = []
  function visit(path: string): void {
    const start = trail.indexOf(path)
    if (start !== -1) {
      const cycle = trail.slice(start)
      const first = cycle.indexOf([...cycle].sort()[0] ?? path)
      const ordered = [...cycle.slice(first), ...cycle.slice(0, first)]
      const text = [...ordered, ordered[0]].join(' -> ')
      found.set(
        text,
        `src/${ordered[0]}:1: It imports itself by way of others: ${text}. Move what they share to a file of its own.`,
      )
      return
    }
    if (done.has(path)) return
    trail.push(path)
    for (const next of graph.get(path) ?? []) visit(next)
    trail.pop()
    done.add(path)
  }
  for (const path of graph.keys()) visit(path)
  return [...found.values()]
}
