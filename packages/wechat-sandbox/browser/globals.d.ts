/** What the server passes to a script: see `ScriptData` in `src/pages/script-data.ts`. */
declare const scriptData: unknown

/** Two names for the object that WeChat's script defines. */
interface Window {
  jWeixin?: object
  wx?: object
}
