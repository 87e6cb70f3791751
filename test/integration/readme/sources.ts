import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { root } from '../../helpers/run.js'

/** Declarations of a source file of a package: types are not there at run time, and constants need not be exported. */
export class Source {
  readonly text: string
  readonly #path: string
  readonly #file: ts.SourceFile

  /** @param path - below `packages/` */
  constructor(path: string) {
    this.#path = path
    this.text = readFileSync(join(root, 'packages', path), 'utf8')
    this.#file = ts.createSourceFile(path, this.text, ts.ScriptTarget.Latest, true)
  }

  /** The texts of a union of string literals. */
  union(name: string): string[] {
    const { type } = this.#find(name, ts.isTypeAliasDeclaration)
    const members = ts.isUnionTypeNode(type) ? type.types : [type]
    return members.flatMap((member) =>
      ts.isLiteralTypeNode(member) && ts.isStringLiteral(member.literal) ? [member.literal.text] : [],
    )
  }

  /** Names of an interface's members; not those of the interfaces that it extends, nor what stands for any name. */
  members(name: string): string[] {
    return this.#find(name, ts.isInterfaceDeclaration)
      .members.filter((member) => !ts.isIndexSignatureDeclaration(member))
      .map((member) => this.#nameOf(member.name))
  }

  /** Names of what a class offers: methods, accessors and fields that are public and of its objects. */
  offers(name: string): string[] {
    const { members } = this.#find(name, ts.isClassDeclaration)
    const hidden = [ts.SyntaxKind.PrivateKeyword, ts.SyntaxKind.StaticKeyword]
    const names = members
      .filter((member) => member.name !== undefined && !ts.isPrivateIdentifier(member.name))
      .filter(
        (member) =>
          !(ts.canHaveModifiers(member) ? (ts.getModifiers(member) ?? []) : []).some(({ kind }) =>
            hidden.includes(kind),
          ),
      )
      .map((member) => this.#nameOf(member.name))
    return [...new Set(names)]
  }

  /** A constant object: the text of each member's value. */
  constant(name: string): Record<string, string> {
    const { initializer } = this.#find(name, ts.isVariableDeclaration)
    if (!initializer || !ts.isObjectLiteralExpression(initializer))
      throw new Error(`${name} in ${this.#path} is not an object`)
    return Object.fromEntries(
      initializer.properties
        .filter(ts.isPropertyAssignment)
        .map(({ name: key, initializer: value }) => [this.#nameOf(key), value.getText()]),
    )
  }

  #nameOf(name: ts.Node | undefined): string {
    if (name && (ts.isIdentifier(name) || ts.isStringLiteral(name))) return name.text
    throw new Error(`there is a member without a plain name in ${this.#path}`)
  }

  #find<T extends ts.Declaration & { name?: ts.Node | undefined }>(
    name: string,
    is: (node: ts.Node) => node is T,
  ): T {
    let found: T | undefined
    const look = (node: ts.Node): void => {
      if (is(node) && node.name && ts.isIdentifier(node.name) && node.name.text === name) found = node
      ts.forEachChild(node, look)
    }
    look(this.#file)
    if (!found) throw new Error(`${this.#path} does not declare ${name}`)
    return found
  }
}
