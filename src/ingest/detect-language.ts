// The smallest of four data sets: it tells 100 fewer of 18,300 reports than `medium`, takes 90 MB less and loads in half the time.
import { eld } from 'eld/extrasmall'

/**
 * The language of a text (ISO 639-1), or undefined when it is too short or too mixed to tell.
 *
 * A wrong language costs more than none: an article is related to articles of its own language only. So digits, names in
 * capitals and addresses are left out first (a table of results in English was taken for Tagalog), and the guess must be
 * clear.
 */
export function detectLanguage(title: string, body: string): string | undefined {
  const sample = plainWords(`${body.slice(0, 800)} ${title.slice(0, 300)}`)
  if (sample.length < charactersMin) return undefined
  const guess = eld.detect(sample)
  if (guess.language === '' || !guess.isReliable()) return undefined
  const [best = 0, second = 0] = Object.values(guess.getScores())
  return best - second >= marginMin ? guess.language : undefined
}

// Of 21,578 agency reports 160 characters tell the language of as many as 240 do (50 fewer), in three quarters of the time.
const sampleCharacters = 160
const charactersMin = 60
const marginMin = 0.04

function plainWords(text: string): string {
  let sample = ''
  for (const word of text.split(/\s+/)) {
    if (sample.length >= sampleCharacters) break
    if (!notAWord.test(word)) sample += `${word} `
  }
  return sample.slice(0, sampleCharacters)
}

const notAWord = /[\d<>@/_]|\p{Lu}\p{Lu}/u
