// Listens on PORT (3000), with the site's database in CMS (cms.db).
import { listen } from '../listen.ts'
import { createSite } from './site.ts'

const { site, close } = await createSite(process.env.CMS ?? 'cms.db')
await listen(site, close)
