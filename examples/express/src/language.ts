import type { NextFunction, Request, Response } from 'express'

export type Lang = 'en' | 'zh'

const oneYear = 365 * 24 * 60 * 60 * 1000

/** The language that was asked for with `?lang=`, else the remembered one, else what the browser prefers. */
export function languageOf(req: Request): Lang {
  return asked(req) ?? remembered(req) ?? (req.acceptsLanguages('en', 'zh') === 'zh' ? 'zh' : 'en')
}

/** Remembers the language of `?lang=`. In a cookie of its own: a session is only for those who log in. */
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
  // WeChat itself writes zh_CN.
  return value === 'zh' || value === 'zh_CN' ? 'zh' : undefined
}
