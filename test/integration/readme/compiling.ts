import { join } from 'node:path'
import ts from 'typescript'
import { root } from '../../helpers/run.js'

/**
 * Complaints of the compiler about files that exist in memory only.
 *
 * @param folder - where the files would be, so where they find what they import. Default: this one
 */
export function compile(files: Record<string, string>, folder = import.meta.dirname): string[] {
  const { config } = ts.readConfigFile(`${root}test/tsconfig.json`, (path) => ts.sys.readFile(path)) as {
    config: object
  }
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, `${root}test`)
  const named = new Map(Object.entries(files).map(([name, text]) => [join(folder, name), text]))
  const host = ts.createCompilerHost(options)
  const [fileExists, readFile, getSourceFile] = [
    host.fileExists.bind(host),
    host.readFile.bind(host),
    host.getSourceFile.bind(host),
  ]
  host.fileExists = (path) => named.has(path) || fileExists(path)
  host.readFile = (path) => named.get(path) ?? readFile(path)
  host.getSourceFile = (path, version, ...rest) => {
    const text = named.get(path)
    return text === undefined
      ? getSourceFile(path, version, ...rest)
      : ts.createSourceFile(path, text, version)
  }
  const program = ts.createProgram([...named.keys()], options, host)
  return [...named.keys()]
    .flatMap((path) => ts.getPreEmitDiagnostics(program, program.getSourceFile(path)))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}
