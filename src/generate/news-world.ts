import { capitalised, inventWords } from './invent-words.ts'
import { weightedChoice, zipfWeights } from './weighted-choice.ts'

/**
 * All that generated stories are made of, the same for the same `random`: words, sections with their topics, and the
 * people, places and organisations that are in the news again and again. Its size does not depend on how much is written.
 */
export function inventWorld(random: () => number): NewsWorld {
  const words = inventWords(wordCount, random, new Set(functionWords))
  const names = inventWords(nameCount, random, new Set([...functionWords, ...words])).map(capitalised)
  const take = (count: number) => names.splice(0, count)
  const places = take(placeCount)
  const givenNames = take(givenNameCount)
  const familyNames = take(familyNameCount)
  const organisations = take(organisationCount).map((name, index) => {
    const kind = organisationKinds[index % organisationKinds.length] ?? ''
    return `${name} ${kind}`
  })
  const sections = sectionNames.map((name) => ({
    name,
    topics: Array.from({ length: topicsPerSection }, () =>
      inventTopic({ words, organisations, places, givenNames, familyNames }, random),
    ),
  }))
  return {
    words,
    places,
    givenNames,
    familyNames,
    organisations,
    sections,
    anyWord: weightedChoice(zipfWeights(words.length, 1)),
    anyPlace: weightedChoice(zipfWeights(places.length, 0.8)),
    anySection: weightedChoice(sectionNames.map((_, index) => 1 / (index + 2))),
    anyTopic: weightedChoice(zipfWeights(topicsPerSection, 0.7)),
  }
}

export interface NewsWorld {
  /** The most frequent first. */
  readonly words: readonly string[]
  readonly places: readonly string[]
  readonly givenNames: readonly string[]
  readonly familyNames: readonly string[]
  readonly organisations: readonly string[]
  readonly sections: readonly NewsSection[]
  /** A place in `words`, by Zipf's law; the other choices likewise. */
  anyWord(random: () => number): number
  anyPlace(random: () => number): number
  anySection(random: () => number): number
  anyTopic(random: () => number): number
}

export interface NewsSection {
  readonly name: string
  readonly topics: readonly Topic[]
}

/** What one story after the other is about: a sport, a ministry, a court, a kind of accident. */
export interface Topic {
  /** One word, for tags. */
  readonly name: string
  /** Its own words, the most usual first. Topics overlap. */
  readonly words: readonly string[]
  readonly anyWord: (random: () => number) => number
  /** Those who are in its news again and again, from story to story. */
  readonly organisations: readonly string[]
  readonly places: readonly string[]
  readonly people: readonly Person[]
}

export interface Person {
  readonly given: string
  readonly family: string
}

function inventTopic(
  known: Pick<NewsWorld, 'words' | 'organisations' | 'places' | 'givenNames' | 'familyNames'>,
  random: () => number,
): Topic {
  const { words } = known
  // Neither the words that everybody uses nor those that nobody knows. Some topics get a word in common, as they do.
  const own = new Set<string>()
  while (own.size < wordsPerTopic) own.add(words[200 + Math.floor(random() ** 1.5 * 8000)] ?? '')
  const one = (list: readonly string[]) => list[Math.floor(random() * list.length)] ?? ''
  const [name = ''] = own
  return {
    name,
    words: [...own],
    anyWord: topicWordChoice,
    organisations: Array.from({ length: 8 }, () => one(known.organisations)),
    places: Array.from({ length: 12 }, () => one(known.places)),
    people: Array.from({ length: 25 }, () => ({ given: one(known.givenNames), family: one(known.familyNames) })),
  }
}

/** The words that hold English sentences together: nearly half of any text, and of no use to tell what it is about. */
export const functionWords =
  `the of to a in and that for is on it with as was at by said from be has are an its but have had were which he his
  would will not their they this or been who more after than one about also out when all over into up could there two
  last if so no some new other we can before because first what time between under during while through made she her
  against most where only them now then many such should`.split(/\s+/)

const sectionNames = ['World', 'Politics', 'Business', 'Sport', 'Culture', 'Science', 'Local', 'Health']
const organisationKinds = ['Group', 'Council', 'Institute', 'United', 'Bank', 'Union', 'Ministry', 'Works']

// A newspaper's year has some tens of thousands of different words, and a few hundred subjects that it comes back to.
const wordCount = 30_000
const topicsPerSection = 40
const wordsPerTopic = 60
const placeCount = 800
const organisationCount = 600
const givenNameCount = 150
const familyNameCount = 4000
const nameCount = placeCount + organisationCount + givenNameCount + familyNameCount

const topicWordChoice = weightedChoice(zipfWeights(wordsPerTopic, 0.7))
