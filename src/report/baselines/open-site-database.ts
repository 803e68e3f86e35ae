import { isServerUrl } from '../../database/open-database.ts'
import { sqliteFile } from '../../store/open-store.ts'
import { serverDatabase } from './server-site.ts'
import type { SiteDatabase } from './site-database.ts'
import { sqliteDatabase } from './sqlite-database.ts'

/** The database of a site in the store that `url` names, which has the befores' tables in it. */
export function siteDatabase(url: string): SiteDatabase {
  return isServerUrl(url) ? serverDatabase(url) : sqliteDatabase(sqliteFile(url))
}
