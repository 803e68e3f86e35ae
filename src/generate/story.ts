import type { NewsWorld, Person, Topic } from './news-world.ts'

/** One event, and what every article about it has to choose from. */
export interface Story {
  readonly number: number
  readonly section: string
  readonly topic: Topic
  readonly places: readonly string[]
  readonly people: readonly Person[]
  readonly organisations: readonly string[]
  /** Words that this event brought up; some are rare elsewhere. */
  readonly words: readonly string[]
  /** The last agency text about it, which others may reprint; null before there is one. */
  wire: WireCopy | null
}

export interface WireCopy {
  readonly title: string
  readonly paragraphs: readonly string[]
  readonly source: string
}

/** Something happens: a topic as often before, in a place, with people of whom most were never heard of. */
export function inventStory(number: number, world: NewsWorld, random: () => number): Story {
  const section = world.sections[world.anySection(random)]!
  const topic = section.topics[world.anyTopic(random)]!
  const pick = <Item>(list: readonly Item[]): Item => list[Math.floor(random() * list.length)]!
  const times = <Item>(atLeast: number, atMost: number, make: () => Item): Item[] =>
    Array.from({ length: atLeast + Math.floor(random() * (atMost - atLeast + 1)) }, make)
  return {
    number,
    section: section.name,
    topic,
    // What a topic is known for comes back in story after story: neither a name nor a word gives an event away alone.
    places: times(1, 2, () => (random() < 0.6 ? pick(topic.places) : world.places[world.anyPlace(random)]!)),
    organisations: times(0, 2, () => (random() < 0.7 ? pick(topic.organisations) : pick(world.organisations))),
    people: times(1, 4, () =>
      random() < 0.6 ? pick(topic.people) : { given: pick(world.givenNames), family: pick(world.familyNames) },
    ),
    words: times(4, 10, () => world.words[100 + Math.floor(random() ** 2 * (world.words.length - 100))]!),
    wire: null,
  }
}

/** How many articles a story gets: a third get one and no more, a few get dozens. */
export function storySize(random: () => number): number {
  if (random() < shareOfSingles) return 1
  // A Pareto tail, cut off: the biggest story of a day has about 40 articles in a newsroom of a thousand a day.
  return Math.min(storySizeMax, Math.floor(2 * (1 - random()) ** (-1 / tailExponent)))
}

/** The mean of {@link storySize}: so many articles come of a story that begins. */
export function storySizeMean(): number {
  // The sum of P(size >= n) over n.
  let mean = 1
  for (let n = 2; n <= storySizeMax; n++) mean += (1 - shareOfSingles) * Math.min(1, (n / 2) ** -tailExponent)
  return mean
}

const shareOfSingles = 0.35
const tailExponent = 1.5
const storySizeMax = 60
