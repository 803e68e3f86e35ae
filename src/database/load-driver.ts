import { InvalidOptionError } from '../errors.ts'

/** The driver of PostgreSQL, which is installed by those alone who use it. @throws InvalidOptionError when it is not */
export async function loadPostgres() {
  try {
    return (await import('pg')).default
  } catch (error) {
    throw notInstalled('PostgreSQL', 'pg', error)
  }
}

/** The driver of MariaDB and MySQL, likewise. @throws InvalidOptionError when it is not installed */
export async function loadMysql() {
  try {
    return (await import('mysql2')).default
  } catch (error) {
    throw notInstalled('MariaDB or MySQL', 'mysql2', error)
  }
}

function notInstalled(server: string, driver: string, error: unknown): InvalidOptionError {
  const why = error instanceof Error ? error.message : error
  return new InvalidOptionError(
    `${server} needs the driver "${driver}", which cannot be loaded (${why}). Install it: npm install ${driver}`,
  )
}
