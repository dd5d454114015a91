// The files that pages load: one style sheet, one script, one icon. Their names hold their hash, so they may be cached for ever.
// What is in them is style.ts and script.ts; how they are sent is asset.ts.

import { hash } from 'node:crypto'
import { clientScript } from './script.ts'
import { styleSheet } from './style.ts'

const iconFile =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="9" fill="#175c4c"/>' +
  '<g fill="none" stroke-width="2.8" stroke-linecap="round" stroke-linejoin="round"><path stroke="#fff" d="M7.5 16.5l4.6 4.6 6-8.4"/>' +
  '<path stroke="#9fe0cb" d="M15.6 19.6l1.5 1.5 7.4-10.4"/></g></svg>'

export interface Asset {
  readonly path: string
  readonly type: string
  readonly body: string
}

const asset = (name: string, ending: string, type: string, body: string): Asset => ({
  path: `/assets/${name}.${hash('sha256', body, 'base64url').slice(0, 12)}.${ending}`,
  type,
  body,
})

const style = asset('style', 'css', 'text/css; charset=utf-8', styleSheet)
const script = asset('script', 'js', 'text/javascript; charset=utf-8', clientScript)
const icon = asset('icon', 'svg', 'image/svg+xml', iconFile)
export const assets: ReadonlyMap<string, Asset> = new Map([style, script, icon].map((one) => [one.path, one]))

export const assetPaths = { style: style.path, script: script.path, icon: icon.path } as const
