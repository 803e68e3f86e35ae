import { html } from 'ghtml'

/** The language that the site's own words (navigation, ages, the rail's heading) are written in. */
export const siteLanguage = 'en'

/**
 * `value` as an address that is safe in `href` and `src`, or null.
 *
 * Only http and https pass. The address is parsed as a browser parses it: `java\nscript:` is a script to both.
 */
export function webAddress(value: string | null | undefined): string | null {
  if (value === null || value === undefined || !URL.canParse(value)) return null
  const url = new URL(value)
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : null
}

/**
 * The `lang` and `dir` attributes, with a leading space, of a text in `language` that stands inside one in `around`.
 *
 * Empty when nothing changes. A text whose language is not known takes its direction from its own letters.
 */
export function languageAttributes(language: string | null | undefined, around: string = siteLanguage): string {
  if (language === null || language === undefined || language === '') return ' dir="auto"'
  if (language.toLowerCase() === around.toLowerCase()) return ''
  const direction = directionOf(language)
  return direction === directionOf(around) ? html` lang="${language}"` : html` lang="${language}" dir="${direction}"`
}

/** Which way `language` (BCP 47) is written; left to right when in doubt. */
export function directionOf(language: string): 'ltr' | 'rtl' {
  const [primary = '', ...subtags] = language.toLowerCase().split('-')
  // A script subtag wins: Azerbaijani is written in Arabic letters as az-Arab, Kurdish in Latin ones as ku-Latn.
  const script = subtags.find((subtag) => subtag.length === 4)
  if (script !== undefined) return rightToLeftScripts.has(script) ? 'rtl' : 'ltr'
  return rightToLeftLanguages.has(primary) ? 'rtl' : 'ltr'
}

const rightToLeftScripts = new Set(['adlm', 'arab', 'aran', 'hebr', 'mand', 'nkoo', 'rohg', 'samr', 'syrc', 'thaa'])
const rightToLeftLanguages = new Set(
  [
    'ar',
    'arc',
    'arz',
    'azb',
    'ckb',
    'dv',
    'fa',
    'glk',
    'he',
    'iw',
    'khw',
    'ks',
    'lrc',
    'mzn',
    'nqo',
    'pnb',
    'ps',
    'sd',
  ].concat(['syr', 'ug', 'ur', 'yi']),
)
