export interface Failure {
  message: string
  stack: string
  diff: string
}

/** A message to a worker: the next file, or the end of the run. */
export type ToWorker = { file: string } | 'end'

/** A message from a worker about the file that it runs. */
export type FromWorker =
  | { kind: 'passed'; titles: string[]; ms: number }
  | { kind: 'skipped'; titles: string[] }
  | { kind: 'failed'; titles: string[]; failure: Failure }
  | { kind: 'done'; ms: number }
