// The parts of WeChat's mini-program API and of the runtime that the client uses.
// https://developers.weixin.qq.com/miniprogram/dev/api/

interface WxFailure {
  errMsg?: string
  errno?: number
}

interface WxAnswer {
  statusCode: number
  data: unknown
  header: Record<string, string>
}

declare const wx: {
  login(options: {
    timeout?: number
    success(result: { code?: string; errMsg?: string }): void
    fail(failure: WxFailure): void
  }): void
  request(options: {
    url: string
    method?: string | undefined
    data?: unknown
    header?: Record<string, string> | undefined
    timeout?: number
    success(answer: WxAnswer): void
    fail(failure: WxFailure): void
  }): unknown
  getStorageSync(key: string): unknown
  setStorageSync(key: string, data: unknown): void
}

declare function setTimeout(callback: () => void, milliseconds: number): number
declare function clearTimeout(timer: number): void
declare const console: { warn(...values: unknown[]): void }
