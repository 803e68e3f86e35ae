import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where a program is, or why there is none: hand `reason` to a test's `skip`. */
export type FoundProgram =
  | { readonly path: string; readonly reason: false }
  | { readonly path: null; readonly reason: string }

/**
 * The first of these names that is on the path, unless a variable of the environment names another program.
 *
 * @param advice what to do where there is none
 */
export function findProgram(
  names: readonly string[],
  { variable, advice }: { readonly variable: string; readonly advice: string },
): FoundProgram {
  const named = process.env[variable]
  if (named !== undefined && named !== '') {
    return isExecutable(named)
      ? { path: named, reason: false }
      : { path: null, reason: `${variable} names ${named}, which cannot be run.` }
  }
  const path = foldersOfPath()
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find(isExecutable)
  return path === undefined ? { path: null, reason: advice } : { path, reason: false }
}

export function foldersOfPath(): string[] {
  return (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
