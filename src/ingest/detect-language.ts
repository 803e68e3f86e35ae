// The smallest of four data sets: it tells 100 fewer of 18,300 reports than `medium`, takes 90 MB less and loads in half the time.
import { eld } from 'eld/extrasmall'

/**
 * The language of a text (ISO 639-1), or undefined when it is too short or too mixed to tell.
 *
 * A wrong language costs more than none: an article is related to articles of its own language only. So digits, names in
 * capitals and addresses are left out first (a table of results in English was taken for Tagalog), and the guess must be
 * clear. Scripts that one language is written in tell it by themselves, and in fewer characters.
 */
export function detectLanguage(title: string, body: string, standfirst = ''): string | undefined {
  const text = `${body.slice(0, 800)} ${standfirst.slice(0, 400)} ${title.slice(0, 300)}`
  const ofScript = languageOfScript(text)
  if (ofScript !== undefined) return ofScript
  const sample = plainWords(text)
  if (sample.length < charactersMin) return undefined
  const guess = eld.detect(sample)
  if (guess.language === '' || !guess.isReliable()) return undefined
  const [best = 0, second = 0] = Object.values(guess.getScores())
  return best - second >= marginMin ? guess.language : undefined
}

/** Of Japanese (which has its kana between the characters), Chinese, Korean and Thai texts; undefined for all others. */
function languageOfScript(text: string): string | undefined {
  if (!ownScripts.test(text)) return undefined
  const count = (script: RegExp) => text.match(script)?.length ?? 0
  const [letters, han, kana] = [count(/\p{L}/gu), count(/\p{sc=Han}/gu), count(/[\p{sc=Hiragana}\p{sc=Katakana}]/gu)]
  const [hangul, thai] = [count(/\p{sc=Hangul}/gu), count(/\p{sc=Thai}/gu)]
  const most = letters / 2
  if (han + kana >= scriptMin && han + kana > most) return kana > han / 20 ? 'ja' : 'zh'
  if (hangul >= scriptMin && hangul > most) return 'ko'
  return thai >= scriptMin && thai > most ? 'th' : undefined
}

const ownScripts = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}]/u
const scriptMin = 16

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
