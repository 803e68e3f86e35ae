import type { Absence, ScoreParts, Standing } from './related.ts'

/** Where an article stands in a rail, or why it does not, as a sentence with the figures that decided it. */
export function standingText(standing: Standing): string {
  return standing.isShown
    ? `It stands at place ${standing.position}, with a score of ${figure(standing.parts.ranked)}.`
    : absenceText(standing.absence, standing.parts)
}

/** @param parts of the same pair, where they are known: a score is told with what it is made of */
export function absenceText(absence: Absence, parts: ScoreParts | null): string {
  switch (absence.kind) {
    case 'itself':
      return 'It is the article itself.'
    case 'unknown':
      return `The article ${JSON.stringify(absence.id)} is not among those that can be shown.`
    case 'version':
      return `It is another version of ${JSON.stringify(absence.of)}, and of an article's versions a rail shows the latest.`
    case 'language':
      return `It is in another language: ${absence.languages.join(' and ')}.`
    case 'repeat':
      return `Its text repeats that of ${JSON.stringify(absence.of)}, and a text is shown once.`
    case 'below-floor':
      return `Their texts are alike by ${figure(absence.text)}, which is below the floor of ${figure(absence.floor)}.`
    case 'below-min-score':
      return `Its score is ${figure(absence.score)}, which is below the minScore of ${figure(absence.minScore)}.`
    case 'source-cap':
      return `${times(absence.most)} from ${JSON.stringify(absence.source)} in the rail already (maxPerSource).`
    case 'section-cap':
      return `${times(absence.most)} from the section ${JSON.stringify(absence.section)} in the rail already (maxPerSection).`
    case 'excluded':
      return exclusions[absence.by]
    case 'outranked':
      return `Closer ones fill the rail: its score is ${figure(absence.ranked)}, the last of them has ${figure(absence.last)}${because(parts)}.`
  }
}

/** What a score is made of, a line for each part. */
export function partsLines(parts: ScoreParts): string[] {
  const { text, names, words, time, daysApart, penalties, score, ranked, terms } = parts
  const rules = penalties.map(({ rule, factor }) => `times ${figure(factor)}  ${ruleMeanings[rule]}`)
  return [
    `      ${figure(text)}  likeness of the texts (names ${figure(names)}, other words ${figure(words)})`,
    `times ${figure(time)}  nearness in time (${days(daysApart)} apart)`,
    ...rules,
    `    = ${figure(rules.length === 0 ? score : ranked)}`,
    ...(terms.length === 0
      ? ['No word or name in common that counts.']
      : [`In common: ${terms.map(({ term, part }) => `${term} ${figure(part)}`).join(', ')}`]),
  ]
}

const exclusions = {
  id: 'The rules exclude its id.',
  tag: 'The rules exclude one of its tags.',
  section: 'The rules exclude its section.',
  newer: 'It came out after the article, and the rules leave newer ones out (includeNewer: false).',
  'other-section': 'It is in another section, and the rules want the same one (sameSectionOnly).',
} as const satisfies Record<Extract<Absence, { kind: 'excluded' }>['by'], string>

const ruleMeanings = {
  section: 'for the same section (signals.section)',
  tags: 'for a tag in common (signals.tags)',
  entities: 'for names in common (signals.entities)',
  'half-life': 'for its age (halfLifeDays)',
} as const satisfies Record<ScoreParts['penalties'][number]['rule'], string>

/** Most that is outranked is so by time: the reader of the sentence should see it. */
function because(parts: ScoreParts | null): string {
  if (parts === null || parts.time > 0.67) return ''
  return ` (texts alike by ${figure(parts.text)}, times ${figure(parts.time)} for ${days(parts.daysApart)} between them)`
}

function times(most: number): string {
  return most === 1 ? 'There is one' : `There are ${most}`
}

function days(count: number): string {
  return count < 0.05 ? 'no time' : `${count.toFixed(1)} days`
}

function figure(value: number): string {
  return value.toFixed(3)
}
