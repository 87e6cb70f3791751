export interface Failure {
  message: string
  stack: string
  diff: string
}

/** What the run tells a worker: which file is next, or that there is none. */
export type ToWorker = { file: string } | 'end'

/** What a worker tells of the file that it runs. */
export type FromWorker =
  | { kind: 'passed'; titles: string[]; ms: number }
  | { kind: 'skipped'; titles: string[] }
  | { kind: 'failed'; titles: string[]; failure: Failure }
  | { kind: 'done'; ms: number }
