import { installPackage, mayInstall } from './install-package.ts'

/**
 * Sees to it that the tests on a program can run: installs Debian's where it is missing and this may be done, as root on a
 * system with apt-get. Never fails: it gives why there is none, and then those tests are skipped.
 */
export async function provideProgram(program: NeededProgram, print: (text: string) => void): Promise<void> {
  const { name, packageName, tests, find } = program
  const missing = find().reason
  if (missing === false) return
  if (program.isNamed || !mayInstall()) {
    print(`- ${tests} will be skipped. ${missing}`)
    return
  }
  print(`- No ${name} was found: installing it (apt-get install ${packageName}) ...`)
  const failure = await installPackage(packageName)
  const reason = find().reason
  if (reason === false) print(`- ${name} is installed.`)
  else print(`- It could not be installed (${failure ?? reason}). ${tests} will be skipped.`)
}

export interface NeededProgram {
  readonly name: string
  /** Debian's. */
  readonly packageName: string
  /** Which need it, as the start of a sentence. */
  readonly tests: string
  readonly find: () => { readonly reason: string | false }
  /** It was named, or declined, by whoever runs the tests: nothing is installed in its place. */
  readonly isNamed?: boolean
}
