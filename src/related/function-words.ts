import { grownTo } from './typed-arrays.ts'
import type { Vocabulary } from './vocabulary.ts'

/**
 * The words that hold a sentence together and say nothing of its subject, for languages that news is often written in.
 *
 * In a large corpus the statistics find these by themselves. In a newsroom's first hundred articles they do not: there
 * `until` is as rare as a name. A language that is not listed here relies on the statistics alone.
 */
export class FunctionWords {
  readonly #vocabulary: Vocabulary
  /** A language, and for each word: 0 not asked yet, 1 no, 2 yes. The question is asked for every word of every article. */
  readonly #known = new Map<string, Uint8Array>()

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary
  }

  has(wordId: number, language: string | null): boolean {
    const words = language === null ? undefined : listed.get(language)
    if (language === null || words === undefined) return false
    let known = this.#known.get(language)
    if (known === undefined || known.length <= wordId) {
      known = grownTo(known ?? new Uint8Array(0), this.#vocabulary.wordCount)
      this.#known.set(language, known)
    }
    if (known[wordId] === 0) known[wordId] = words.has(this.#vocabulary.word(wordId)) ? 2 : 1
    return known[wordId] === 2
  }
}

const lists: Record<string, string> = {
  en: `a about above according across after again against ago all almost along already also although always am among an
    and another any are aren't around as asked at away back be became because become been before began behind being below
    between both but by came can can't cannot come could couldn't did didn't do does doesn't doing don't done down during
    each either else enough even ever every few for from further gave get gets getting give given go goes going gone got had
    hadn't has hasn't have haven't having he he'd he's her here hers herself him himself his how however i i'd i'll i'm i've
    if in instead into is isn't it it's its itself just last later least less let like likely made make makes making many may
    me might more most much must my near nearly never next no none nor not nothing now of off often on once one only onto or
    other others our out over own per perhaps put quite rather really said same saw say saying says see seen several shall she
    should shouldn't since so some something soon still such take taken than that that's the their theirs them themselves then
    there there's these they they're they've this those though through thus to today together told too took toward towards
    under until up upon us use used using very via was wasn't way we we're we've well went were weren't what when where whether
    which while who whom whose why will with within without won't would wouldn't yes yesterday yet you your yours two three
    first second new monday tuesday wednesday thursday friday saturday sunday mr mrs ms`,
  de: `ab aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bereits bis bin da dabei dafür
    dagegen damit danach dann daran darauf darin darüber das dass davon dazu dein dem den denen denn der deren des deshalb
    dessen die dies diese diesem diesen dieser dieses doch dort drei du durch ebenfalls ein eine einem einen einer eines einige
    einmal er erst erste ersten es etwa etwas euch euer für gab gegen gegenüber gehabt geht gerade gibt habe haben hat hatte
    hatten heute hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im immer in ins ist ja jede jedem jeden jeder
    jedes jedoch jetzt kam kann kein keine keinen können könnte laut lässt machen man mehr mehrere mein mit muss müssen nach
    nachdem neben nicht nichts noch nun nur ob oder ohne rund sagt sagte sagten schon sehr sei seien sein seine seinem seinen
    seiner seit seitdem selbst sich sie sind so sogar soll sollen sollte sondern sowie statt über um und uns unser unter viel
    viele vom von vor war waren warum was weil weiter weitere weiteren welche wenn wer werde werden wie wieder will wir wird wo
    wollen worden wurde wurden während zu zum zur zwar zwei zwischen montag dienstag mittwoch donnerstag freitag samstag sonntag
    uhr neue neuen bleibt kommt erklärte`,
  fr: `à afin ai ainsi alors après au aucun aucune aussi autre autres aux avait avant avec avoir ayant c'est car ce ceci cela
    celle celui ces cet cette ceux chaque chez comme comment contre dans de déjà depuis des deux dont du elle elles en encore
    entre est et étaient était été être eu eux fait faire fois font il ils je jusqu la là le les leur leurs lors lui mais même
    mes moins mon ne ni non nos notre nous on ont ou où par parce pas pendant peu peut peuvent plus plusieurs pour pourquoi
    pourrait près puis quand que quel quelle quelques qui sa sans se selon sera ses si son sont sous sur ta tous tout toute
    toutes très trois trop un une vers vous lundi mardi mercredi jeudi vendredi samedi dimanche`,
  es: `a al algo algunos ante antes así aún aunque bajo bien cada casi como con contra cual cuando de del desde después donde dos
    durante e el él ella ellas ellos en entre era eran es esa ese eso esta está están este esto estos fue fueron gran ha había
    han hasta hay la las le les lo los luego más me mi mientras misma mismo muy nada ni no nos nosotros o otra otras otro otros
    para pero poco por porque pues que qué quien se según ser si sí sin sino sobre son su sus también tan tanto te tiene tienen
    todo todos tras tres tu un una uno unos y ya lunes martes miércoles jueves viernes sábado domingo`,
  it: `a ad ai al alla alle allo anche ancora avere aveva c'è che chi ci come con contro cui da dagli dai dal dalla dalle degli
    dei del della delle dello dopo dove due e è ed era erano essere fa fino fra già gli ha hanno i il in io la le lei li lo
    loro lui ma mentre mi molto ne né negli nei nel nella nelle no noi non o ogni per perché però più poi prima può quale quando
    quello questa queste questi questo quindi se secondo sempre senza si sia sono stata stato su sua sue sui sul sulla suo tra
    tre tutti tutto un una uno vi lunedì martedì mercoledì giovedì venerdì sabato domenica`,
  nl: `aan al alle als altijd ander andere bij daar dan dat de den der deze die dit doen door drie dus echter een en er geen haar
    had hebben heeft hem het hier hij hoe hun ik in is ja je kan kon kunnen maar me meer men met mij mijn moet na naar niet niets
    nog nu of om omdat ons ook op over reeds te tegen toch toen tot twee u uit uw van veel voor want waren was wat we wel werd
    werden wie wij wil worden wordt zal ze zei zich zij zijn zo zonder zou maandag dinsdag woensdag donderdag vrijdag zaterdag
    zondag`,
  pt: `a à ainda ante antes ao aos após as às até cada com como contra da das de depois desde disse do dois dos duas e é ela elas
    ele eles em entre era eram essa esse esta está este eu foi foram há isso já lhe mais mas me mesmo muito na não nas nem no nos
    nós num numa o onde os ou outra outro para pela pelas pelo pelos perante pois por porque quando que quem se segundo sem ser
    seu seus só sob sobre são sua suas também te tem têm ter toda todo todos três um uma uns você`,
  sv: `alla allt än andra att av bara blev bli både den där de dem den denna deras det detta dig din du då efter ej eller en er ett
    från för ha hade han hans har henne hennes hon honom hur här i icke ingen inom inte jag kan kunde man med mellan men mig min
    mot mycket ni nu när någon något några och om oss på samma sedan sig sin sina skulle som så sådan till tre två under upp ut
    utan var vara vi vid vilken vill är över`,
}

const listed = new Map(Object.entries(lists).map(([language, words]) => [language, new Set(words.split(/\s+/u))]))
