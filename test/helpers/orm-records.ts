/** Records as libraries for databases hand them out, made as those libraries make them. */
import mongoose from 'mongoose'

export type Fields = Record<string, unknown>

/**
 * A model of Sequelize 6: the columns are getters of the class, and no property of the object is a column.
 */
class SequelizeModel {
  dataValues: Fields
  _previousDataValues: Fields
  uniqno = 1
  _changed = new Set<string>()
  _options = { isNewRecord: false, raw: true }
  isNewRecord = false

  constructor(fields: Fields) {
    this.dataValues = { ...fields }
    this._previousDataValues = { ...fields }
  }

  get(key?: string | { plain?: boolean }): unknown {
    return typeof key === 'string' ? this.dataValues[key] : this.dataValues
  }

  toJSON(): object {
    return structuredClone(this.get({ plain: true })) as object
  }
}

/** `sequelize.define(name, columns)`. */
function defineSequelize(Base: typeof SequelizeModel, columns: readonly string[]): typeof SequelizeModel {
  const Model = class extends Base {}
  for (const column of columns) {
    Object.defineProperty(Model.prototype, column, {
      configurable: true,
      enumerable: true,
      get(this: SequelizeModel) {
        return this.get(column)
      },
    })
  }
  return Model
}

class DiscreetModel extends SequelizeModel {
  override toJSON(): object {
    const { access_token, refresh_token, session_key, ...rest } = this.dataValues
    return rest
  }
}

class ModelWithoutJSON extends SequelizeModel {}
Object.defineProperty(ModelWithoutJSON.prototype, 'toJSON', { value: undefined })

/** A class that declares its columns as fields, which hide the getters, as a compiler may make of it. */
class ShadowedModel extends SequelizeModel {
  readonly openid = undefined
  readonly access_token = undefined
}

/** A model of Bookshelf 1: the columns are in `attributes`, and only `toJSON` copies them. */
class BookshelfModel {
  attributes: Fields
  _previousAttributes: Fields
  changed = {}
  relations = {}
  cid = 'c1'

  constructor(fields: Fields) {
    this.attributes = { ...fields }
    this._previousAttributes = { ...fields }
  }

  get(name: string): unknown {
    return this.attributes[name]
  }

  toJSON(): object {
    return { ...this.attributes }
  }
}

/** An entity of TypeORM, or any class of the application's: the columns are properties of the object. */
class Entity {
  openid?: unknown

  constructor(fields: Fields) {
    Object.assign(this, fields)
  }
}

/** A model of Objection 3. */
class ObjectionModel extends Entity {
  toJSON(): object {
    return Object.assign({}, this)
  }
}

/** An entity that keeps its secrets out of its JSON. */
class DiscreetEntity extends Entity {
  toJSON(): object {
    return { openid: this.openid }
  }
}

/** A class that has getters and nothing else. */
class Getters {
  readonly #fields: Fields

  constructor(fields: Fields) {
    this.#fields = fields
  }

  get openid(): unknown {
    return this.#fields['openid']
  }
  get access_token(): unknown {
    return this.#fields['access_token']
  }
  get expires_in(): unknown {
    return this.#fields['expires_in']
  }
  get refresh_token(): unknown {
    return this.#fields['refresh_token']
  }
  get scope(): unknown {
    return this.#fields['scope']
  }
  get create_at(): unknown {
    return this.#fields['create_at']
  }
}

const texts = { openid: String, access_token: String, refresh_token: String, scope: String }
const schema = new mongoose.Schema({ ...texts, expires_in: Number, create_at: Number, mine: Number })
const discreetSchema = schema.clone().set('toObject', {
  transform: (_document, { access_token, refresh_token, ...rest }: Fields) => rest,
})
const Document = mongoose.model('Token of a test', schema)
const DiscreetDocument = mongoose.model('Discreet token of a test', discreetSchema)

function sequelize(Base: typeof SequelizeModel): (fields: Fields) => object {
  return (fields) => new (defineSequelize(Base, Object.keys(fields)))(fields)
}

/** Each makes a record of these fields. */
export const records: Record<string, (fields: Fields) => object> = {
  'a plain object': (fields) => ({ ...fields }),
  'an object without a prototype': (fields) => Object.assign(Object.create(null) as object, fields),
  'a document of mongoose': (fields) => Document.hydrate({ _id: new mongoose.Types.ObjectId(), ...fields }),
  'a document of mongoose whose toObject hides secrets': (fields) => DiscreetDocument.hydrate({ ...fields }),
  'an instance of Sequelize': sequelize(SequelizeModel),
  'an instance of Sequelize whose toJSON hides secrets': sequelize(DiscreetModel),
  'an instance of Sequelize without toJSON': sequelize(ModelWithoutJSON),
  'an instance of Sequelize whose getters are hidden by fields of its class': sequelize(ShadowedModel),
  'a model of Bookshelf': (fields) => new BookshelfModel(fields),
  'a model of Objection': (fields) => new ObjectionModel(fields),
  'an entity of TypeORM': (fields) => new Entity(fields),
  'an entity whose toJSON hides secrets': (fields) => new DiscreetEntity(fields),
}

/** Makes a record of the known fields; what else is in it does not show. */
export const withGetters = (fields: Fields): object => new Getters(fields)
