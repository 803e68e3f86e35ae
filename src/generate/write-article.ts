import { capitalised } from './invent-words.ts'
import { functionWords, type NewsWorld } from './news-world.ts'
import type { Story, WireCopy } from './story.ts'
import { weightedChoice } from './weighted-choice.ts'

export interface WrittenArticle {
  readonly title: string
  readonly body: string
  readonly source: string
  readonly byline: string
}

/**
 * Writes one article about `story`: an angle of its own on it, or a reprint of the agency's text, as papers do.
 *
 * An article takes some of the story's names and words and not others, so that two of one story never have all in
 * common; the rest of its words are its topic's, everybody's, and those that hold any sentence together.
 */
export function writeArticle(story: Story, world: NewsWorld, random: () => number): WrittenArticle {
  const reporter = `${pick(world.givenNames, random)} ${pick(world.familyNames, random)}`
  if (story.wire && random() < reprintShare) return reprint(story.wire, random)
  const isWire = random() < wireShare
  const source = isWire ? pick(agencies, random) : pick(papers, random)
  const angle = chooseAngle(story, random)
  const title = headline(angle, story, world, random)
  const paragraphs = writeParagraphs(angle, story, world, random)
  if (isWire) story.wire = { title, paragraphs, source }
  return { title, body: paragraphs.join('\n\n'), source, byline: isWire ? source : reporter }
}

/** What of the story this article makes use of. */
interface Angle {
  readonly words: readonly string[]
  readonly names: readonly string[]
  /** Of the words that are no function words, from 0 to 1. */
  readonly nameShare: number
  readonly wordShare: number
}

function chooseAngle(story: Story, random: () => number): Angle {
  // The background piece, the portrait, the comment: about the same event, and it hardly says so.
  const isAside = random() < asideShare
  const some = <Item>(list: readonly Item[], share: number): readonly Item[] => {
    const chosen = list.filter(() => random() < (isAside ? share / 3 : share))
    return chosen.length > 0 ? chosen : list.slice(-1)
  }
  const people = some(story.people, 0.6).flatMap(({ given, family }) => [`${given} ${family}`, family, family])
  return {
    words: some(story.words, 0.5),
    names: [...people, ...some(story.places, 0.7), ...some(story.organisations, 0.5)],
    nameShare: isAside ? 0.02 : 0.07,
    wordShare: isAside ? 0.01 : 0.04,
  }
}

function headline(angle: Angle, story: Story, world: NewsWorld, random: () => number): string {
  const words = [pick(angle.names, random)]
  for (let left = 3 + Math.floor(random() * 4); left > 0; left--) {
    const chance = random()
    if (chance < 0.3) words.push(functionWords[anyFunctionWord(random)]!)
    else if (chance < 0.55) words.push(pick(angle.words, random))
    else if (chance < 0.85) words.push(story.topic.words[story.topic.anyWord(random)]!)
    else words.push(world.words[world.anyWord(random)]!)
  }
  return capitalised(words.join(' '))
}

function writeParagraphs(angle: Angle, story: Story, world: NewsWorld, random: () => number): string[] {
  const paragraphs: string[] = []
  // Log-normal, as lengths of texts are: half have under 190 words, one in twenty over 600.
  let wordsLeft = Math.min(2500, Math.max(40, Math.round(190 * Math.exp(0.7 * normal(random)))))
  while (wordsLeft > 0) {
    const sentences: string[] = []
    for (let left = 1 + Math.floor(random() * 3); left > 0 && wordsLeft > 0; left--) {
      const length = 8 + Math.floor(random() * 17)
      sentences.push(writeSentence(length, angle, story, world, random))
      wordsLeft -= length
    }
    paragraphs.push(sentences.join(' '))
  }
  return paragraphs
}

function writeSentence(length: number, angle: Angle, story: Story, world: NewsWorld, random: () => number): string {
  let sentence = ''
  let wasFunctionWord = false
  for (let left = length; left > 0; left--) {
    const chance = random()
    let word: string
    if (!wasFunctionWord && chance < 0.62) word = functionWords[anyFunctionWord(random)]!
    else {
      const kind = random()
      if (kind < angle.nameShare) word = pick(angle.names, random)
      else if (kind < angle.nameShare + angle.wordShare) word = pick(angle.words, random)
      else if (kind < 0.35) word = story.topic.words[story.topic.anyWord(random)]!
      else word = world.words[world.anyWord(random)]!
    }
    wasFunctionWord = !wasFunctionWord && chance < 0.62
    sentence += sentence === '' ? capitalised(word) : ` ${word}`
  }
  return `${sentence}.`
}

/** The agency's text under another name: word for word, shortened at its end, or with another headline. */
function reprint(wire: WireCopy, random: () => number): WrittenArticle {
  const isCut = wire.paragraphs.length > 2 && random() < 0.5
  const paragraphs = isCut ? wire.paragraphs.slice(0, Math.ceil(wire.paragraphs.length * 0.8)) : wire.paragraphs
  const title = random() < 0.7 ? wire.title : wire.title.split(' ').slice(0, -1).join(' ')
  return { title, body: paragraphs.join('\n\n'), source: pick(papers, random), byline: wire.source }
}

function pick<Item>(list: readonly Item[], random: () => number): Item {
  return list[Math.floor(random() * list.length)]!
}

/** G. E. P. Box and M. E. Muller, 1958. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

const anyFunctionWord = weightedChoice(functionWords.map((_, index) => 1 / (index + 3)))

const asideShare = 0.3
const wireShare = 0.3
const reprintShare = 0.2
const agencies = ['Meridian Wire', 'Northgate Press Agency', 'Allied Dispatch']
const papers = ['The Morning Ledger', 'Harbour Post', 'Evening Chronicle', 'The County Mirror', 'Daily Standard-Echo']
