/** What the server passes to the scripts in `browser/`. */

export interface ConsentData {
  hashMissing: string
}

export interface TwiceData {
  /** the callback */
  twice: string
}

export interface HomeData {
  copied: string
  arrived: string
  denied: string
}

export type QrPageStatus = 'scanned' | 'cancelled' | 'expired' | 'confirmed'

export interface QrData {
  pollUrl: string
  redirectUri: string
  state: string
  selfRedirect: boolean
  warnings: string[]
  cancelUrl?: string | undefined
  /** for each status, a heading and a hint */
  texts: Record<QrPageStatus, [string, string]> & { leaving: string; refused: string }
}

export interface MiniProgramData {
  loginUrl: string
  encryptUrl: string
  requestUrl: string
  texts: Record<
    | 'copy'
    | 'copied'
    | 'failed'
    | 'failedEntry'
    | 'sent'
    | 'received'
    | 'send'
    | 'sending'
    | 'badUrl'
    | 'emptyAnswer',
    string
  >
}

export interface JweixinData {
  /** where, at the script's own origin, `wx.config` has the signature checked */
  verdictPath: string
}

/** The scripts that need data, and their data. */
export interface ScriptData {
  consent: ConsentData
  twice: TwiceData
  home: HomeData
  qr: QrData
  miniprogram: MiniProgramData
  jweixin: JweixinData
}
