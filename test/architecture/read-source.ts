/** One `import`, `export … from`, or `import()` of a source file. */
export interface Import {
  readonly specifier: string
  /** From 1. */
  readonly line: number
  /** `dynamic` is loaded when it is used, and so makes no cycle at start. */
  readonly kind: 'import' | 're-export' | 'dynamic'
  /** Nothing of it is left when the file runs. */
  readonly isTypeOnly: boolean
}

/**
 * The imports of a TypeScript source text, in their order.
 *
 * A compiler is not needed for this: once comments and the insides of texts are blanked out, an import statement is
 * told by its keywords alone.
 */
export function readImports(source: string): Import[] {
  const code = blankTexts(source)
  const imports: Import[] = []
  // Between the keyword and `from` stand names, braces, commas and stars only, so a match cannot run on into other code.
  const statement = /(?<![.\w$])(import|export)(?:\s+([\w\s{},*$]*?)\s*\bfrom)?\s*(["'])( *)\3/g
  for (const match of code.matchAll(statement)) {
    const [whole, keyword, names = '', , inside = ''] = match
    const end = match.index + whole.length - 1
    imports.push({
      specifier: source.slice(end - inside.length, end),
      line: lineAt(source, match.index),
      kind: keyword === 'export' ? 're-export' : 'import',
      isTypeOnly: importsTypesAlone(names),
    })
  }
  for (const match of code.matchAll(/(?<![.\w$])import\s*\(\s*(["'`])( *)\1/g)) {
    const end = match.index + match[0].length - 1
    const specifier = source.slice(end - (match[2] ?? '').length, end)
    imports.push({ specifier, line: lineAt(source, match.index), kind: 'dynamic', isTypeOnly: false })
  }
  return imports.sort((a, b) => a.line - b.line)
}

function importsTypesAlone(names: string): boolean {
  if (/^type\b(?!\s*,)/.test(names)) return true
  const list = /^\{([^}]*)\}$/.exec(names.trim())?.[1]
  if (list === undefined) return false
  const items = list.split(',').filter((item) => item.trim() !== '')
  return items.length > 0 && items.every((item) => /^\s*type\s+\w/.test(item))
}

/**
 * The same text, as long and with the same line breaks, with comments and the insides of texts and regular expressions
 * turned into spaces. What stands in `${}` of a template is code and stays.
 */
export function blankTexts(source: string): string {
  const out = source.split('')
  const blank = (from: number, to: number) => {
    for (let at = from; at < to; at++) if (out[at] !== '\n') out[at] = ' '
  }
  /** For each open `${`, how many braces stand open in it. */
  const templates: number[] = []
  /** Whether a slash would be a division here: after a name, a number or a closing bracket. */
  let endsValue = false
  let at = 0

  function skipTemplateText(): void {
    const start = at
    while (at < source.length && source[at] !== '`' && !source.startsWith('${', at)) at += source[at] === '\\' ? 2 : 1
    blank(start, Math.min(at, source.length))
    if (source[at] === '`') {
      at++
      endsValue = true
    } else {
      at += 2
      templates.push(0)
      endsValue = false
    }
  }

  while (at < source.length) {
    const char = source[at] ?? ''
    const word = /[\w$]/.test(char) ? (/^[\w$]+/.exec(source.slice(at, at + 100))?.[0] ?? char) : ''
    if (source.startsWith('//', at) || (at === 0 && source.startsWith('#!'))) {
      const end = source.indexOf('\n', at)
      const stop = end === -1 ? source.length : end
      blank(at, stop)
      at = stop
    } else if (source.startsWith('/*', at)) {
      const end = source.indexOf('*/', at + 2)
      const stop = end === -1 ? source.length : end + 2
      blank(at, stop)
      at = stop
    } else if (char === '"' || char === "'") {
      const start = ++at
      while (at < source.length && source[at] !== char && source[at] !== '\n') at += source[at] === '\\' ? 2 : 1
      blank(start, at)
      at++
      endsValue = true
    } else if (char === '`') {
      at++
      skipTemplateText()
    } else if (char === '/' && !endsValue) {
      const start = ++at
      let inClass = false
      while (at < source.length && source[at] !== '\n' && (inClass || source[at] !== '/')) {
        if (source[at] === '[') inClass = true
        if (source[at] === ']') inClass = false
        at += source[at] === '\\' ? 2 : 1
      }
      blank(start, at)
      at++
      endsValue = true
    } else if (char === '}' && templates.at(-1) === 0) {
      templates.pop()
      at++
      skipTemplateText()
    } else if (word !== '') {
      at += word.length
      endsValue = !/^(?:return|typeof|case|in|of|do|else|void|delete|await|yield|new|throw|instanceof)$/.test(word)
    } else {
      const open = templates.length - 1
      if (char === '{' && open >= 0) templates[open] = (templates[open] ?? 0) + 1
      if (char === '}' && open >= 0) templates[open] = (templates[open] ?? 0) - 1
      if (!/\s/.test(char)) endsValue = char === ')' || char === ']'
      at++
    }
  }
  return out.join('')
}

export function lineAt(source: string, index: number): number {
  let line = 1
  for (let at = source.indexOf('\n'); at !== -1 && at < index; at = source.indexOf('\n', at + 1)) line++
  return line
}
