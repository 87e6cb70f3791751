import type { NextFunction, Request, Response } from 'express'

export type Lang = 'en' | 'zh'

const oneYear = 365 * 24 * 60 * 60 * 1000

/** Returns the language of `?lang=`, or else the remembered one, or else the browser's. */
export function languageOf(req: Request): Lang {
  return asked(req) ?? remembered(req) ?? (req.acceptsLanguages('en', 'zh') === 'zh' ? 'zh' : 'en')
}

/** Remembers the language of `?lang=` in its own cookie, because visitors who have not logged in have no session. */
export function rememberLanguage(req: Request, res: Response, next: NextFunction): void {
  const lang = asked(req)
  if (lang) res.cookie('lang', lang, { httpOnly: true, sameSite: 'lax', maxAge: oneYear })
  next()
}

function asked(req: Request): Lang | undefined {
  return langIn(req.query.lang)
}

function remembered(req: Request): Lang | undefined {
  return langIn(/(?:^|;\s*)lang=(\w+)/.exec(req.headers.cookie ?? '')?.[1])
}

function langIn(value: unknown): Lang | undefined {
  if (value === 'en') return 'en'
  // WeChat uses zh_CN.
  return value === 'zh' || value === 'zh_CN' ? 'zh' : undefined
}
