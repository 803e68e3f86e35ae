import { Parser } from 'htmlparser2'

/** An element of XML. Names keep their prefix and lose their letter case. */
export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: ReadonlyArray<XmlElement | string>
}

/**
 * Reads XML as far as it goes: what is not well-formed gives the tree that a browser would make of it, never an error.
 *
 * Entities of a document type are not expanded and nothing is ever loaded. Elements deeper than 200 are left out.
 */
export function parseXml(text: string): XmlElement {
  const root: Building = { name: '', attributes: {}, children: [] }
  const open = [root]
  let tooDeep = 0
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        if (open.length > 200) {
          tooDeep += 1
          return
        }
        const element: Building = { name: name.toLowerCase(), attributes: lowerCaseKeys(attributes), children: [] }
        open.at(-1)?.children.push(element)
        open.push(element)
      },
      ontext(data) {
        open.at(-1)?.children.push(data)
      },
      onclosetag() {
        if (tooDeep > 0) tooDeep -= 1
        else if (open.length > 1) open.pop()
      },
    },
    { xmlMode: true, decodeEntities: true },
  )
  parser.end(text)
  return root
}

/** The first element under `element` that the path of names leads to. */
export function child(element: XmlElement | undefined, ...path: string[]): XmlElement | undefined {
  return path.reduce<XmlElement | undefined>((at, name) => children(at, name)[0], element)
}

export function children(element: XmlElement | undefined, name: string): XmlElement[] {
  return (element?.children ?? []).filter((item) => typeof item !== 'string').filter((item) => item.name === name)
}

/** Every element of that name under `element`, at any depth, in document order, but not one inside another. */
export function descendants(element: XmlElement, ...names: string[]): XmlElement[] {
  return element.children.flatMap((item) => {
    if (typeof item === 'string') return []
    return names.includes(item.name) ? [item] : descendants(item, ...names)
  })
}

/** The text in `element`, at any depth, as it stands. */
export function textOf(element: XmlElement | undefined): string {
  return (element?.children ?? []).map((item) => (typeof item === 'string' ? item : textOf(item))).join('')
}

/** The inside of `element` as HTML, its elements renamed by `rename`, for the sanitiser. */
export function toHtml(element: XmlElement | undefined, rename: (name: string) => string = (name) => name): string {
  return (element?.children ?? [])
    .map((item) => {
      if (typeof item === 'string') return escaped(item)
      const name = rename(item.name.replace(/^.*:/, ''))
      const attributes = Object.entries(item.attributes).map(([key, value]) => ` ${key}="${escaped(value)}"`)
      return `<${name}${attributes.join('')}>${toHtml(item, rename)}</${name}>`
    })
    .join('')
}

interface Building extends XmlElement {
  readonly children: Array<XmlElement | string>
}

function lowerCaseKeys(attributes: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key.toLowerCase(), value]))
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
