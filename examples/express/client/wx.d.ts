/** The part of WeChat's JS-SDK that the page uses. */
interface Wx {
  config: (options: { jsApiList: string[] }) => void
  ready: (callback: () => void) => void
  error: (callback: (result: { errMsg: string }) => void) => void
  checkJsApi: (options: {
    jsApiList: string[]
    success: (result: { checkResult: Record<string, boolean> }) => void
  }) => void
  scanQRCode: (options: {
    needResult: 1
    complete: (result: { resultStr?: string; errMsg: string }) => void
  }) => void
}

interface Window {
  /** Absent if WeChat's script could not be loaded. */
  wx?: Wx
}
