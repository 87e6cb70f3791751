import type { UserStoreHarness } from '@wechat-auth/store-conformance'
import { StoreError, type RegisteredUser, type UserStore } from '@wechat-auth/wechat-oauth'
import { attempt } from '@wechat-auth/wechat-oauth/store-kit'
import { DriverError, type Backend } from './reference-store.js'
import { ReferenceUserStore, accountKey, makeUserHarness, type Users } from './reference-session-store.js'

export interface BrokenUserStore {
  name: string
  /** The case that must fail on it. */
  caughtBy: string
  harness: UserStoreHarness
}

type Change = (right: ReferenceUserStore, backend: Backend & Users) => Partial<UserStore>

/** A store that is right but for what `change` makes of it. */
function broken(
  name: string,
  caughtBy: string,
  change: Change,
  harness: Partial<UserStoreHarness> = {},
): BrokenUserStore {
  const make = (backend: Backend & Users): UserStore => {
    const right = new ReferenceUserStore(backend)
    return {
      findByOpenid: (appId, openid) => right.findByOpenid(appId, openid),
      findByUnionid: (unionid) => right.findByUnionid(unionid),
      create: (user) => right.create(user),
      link: (userId, account) => right.link(userId, account),
      ...change(right, backend),
    }
  }
  return { name, caughtBy, harness: { ...makeUserHarness(make), ...harness } }
}

const cases = {
  harness: 'covers every optional part of the contract, or the harness gives a reason',
  nobody: 'returns null or undefined for an unknown account or unionid',
  ids: 'creates a user with the unionid as its id, or the openid without one',
  profile: 'keeps the profile from WeChat with its types',
  copies: 'does not share objects with its callers',
  shared: 'shares its users with other stores on the same data',
  apps: 'distinguishes two users with the same openid in two apps',
  literal: 'takes ids literally',
  again: 'returns the existing user, unchanged, when an account is created again',
  parallel: 'creates one user for 20 parallel first logins',
  parallelApps: 'creates one user for parallel first logins in several apps with the same unionid',
  linked: 'finds a user by each linked account',
  createdLinked: 'links a new account to the user who has its unionid',
  later: 'keeps the id of a user who gets a unionid later',
  relinked: 'changes nothing when an account is linked again, even in parallel',
  account: 'leaves an account with its user',
  unionid: 'leaves a unionid with its user, and does not merge users',
  wrong: 'rejects names that are not non-empty strings with a TypeError',
  down: 'rejects while its backend is down, and works again afterwards',
  wrongFirst: 'rejects invalid arguments without calling the backend',
}

/** … that changes users on their way out. */
const reads = (
  name: string,
  caughtBy: string,
  change: (user: RegisteredUser) => RegisteredUser,
): BrokenUserStore =>
  broken(name, caughtBy, (right) => ({
    findByOpenid: async (appId, openid) => {
      const user = await right.findByOpenid(appId, openid)
      return user && change(user)
    },
    create: async (user) => change(await right.create(user)),
  }))

/** … that looks first, and then makes. */
const racing = (name: string, caughtBy: string): BrokenUserStore =>
  broken(name, caughtBy, (right, backend) => ({
    create: async (user) => {
      const { appId, openid, unionid } = user
      if (await right.findByOpenid(appId, openid)) return right.create(user)
      await backend.visit()
      const id = unionid ?? openid
      const created = {
        id: backend.users.has(id) ? `${appId}:${openid}` : id,
        openid,
        ...(unionid !== undefined && { unionid }),
      }
      backend.users.set(created.id, created)
      backend.accounts.set(accountKey(appId, openid), created.id)
      return created
    },
  }))

export const brokenUserStores: readonly BrokenUserStore[] = [
  broken('has no second store, and nobody says why', cases.harness, () => ({}), {
    second: undefined,
  } as unknown as Partial<UserStoreHarness>),
  broken('can fail, though its harness says that it cannot', cases.harness, () => ({}), {
    without: { outages: 'it never fails' },
  }),
  broken('answers an empty user for an unknown account', cases.nobody, (right) => ({
    findByOpenid: async (appId, openid) =>
      (await right.findByOpenid(appId, openid)) ?? ({} as RegisteredUser),
  })),
  broken('rejects for an unknown unionid', cases.nobody, (right) => ({
    findByUnionid: async (unionid) => {
      const user = await right.findByUnionid(unionid)
      if (!user) throw new StoreError('There is none.')
      return user
    },
  })),
  reads('makes its own ids', cases.ids, (user) => ({ ...user, id: `user ${user.id}` })),
  reads(
    'answers null for absent fields',
    cases.ids,
    (user) => ({ unionid: null, ...user }) as unknown as RegisteredUser,
  ),
  broken('takes every id for a unionid', cases.ids, (right) => ({
    create: (user) => right.create({ unionid: user.openid, ...user }),
  })),
  reads('forgets the profile', cases.profile, ({ id, openid, unionid }) => ({
    id,
    openid,
    ...(unionid !== undefined && { unionid }),
  })),
  reads('keeps numbers as text', cases.profile, (user) => ({
    ...user,
    ...(user.profile && {
      profile: { ...user.profile, gender: String(user.profile.gender) as unknown as number },
    }),
  })),
  reads('has empty texts for absent fields of a profile', cases.profile, (user) => ({
    ...user,
    ...(user.profile && { profile: { city: '', ...user.profile } }),
  })),
  broken('reads the object after it returned', cases.copies, (right) => ({
    create: async (user) => {
      await Promise.resolve()
      return right.create(user)
    },
  })),
  broken('hands out the same object again', cases.copies, (right) => {
    const seen = new Map<string, RegisteredUser | undefined>()
    return {
      findByUnionid: async (unionid) => {
        if (!seen.has(unionid)) seen.set(unionid, await right.findByUnionid(unionid))
        return seen.get(unionid)
      },
    }
  }),
  broken('keeps what it created to itself', cases.shared, (right) => {
    const own = new Set<string>()
    return {
      create: async (user) => {
        own.add(user.openid)
        return right.create(user)
      },
      findByOpenid: async (appId, openid) =>
        own.has(openid) ? right.findByOpenid(appId, openid) : undefined,
    }
  }),
  broken('has one user for an openid, whatever the app', cases.apps, (right) => ({
    findByOpenid: (appId, openid) =>
      right.findByOpenid(typeof appId === 'string' && appId !== '' ? 'app' : appId, openid),
    create: (user) => right.create({ ...user, appId: 'app' }),
  })),
  broken('replaces a user by another with the same openid', cases.apps, (right, backend) => ({
    create: async (user) => {
      if (!backend.accounts.has(accountKey(user.appId, user.openid))) backend.users.delete(user.openid)
      return right.create(user)
    },
  })),
  broken('takes openids for patterns', cases.literal, (right, backend) => ({
    findByOpenid: async (appId, openid) => {
      const found = [...backend.accounts.keys()]
        .map((key) => JSON.parse(key) as [string, string])
        .find(
          ([app, known]) =>
            app === appId &&
            new RegExp(
              `^${openid
                .replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
                .replaceAll('%', '.*')
                .replaceAll('_', '.')}$`,
              's',
            ).test(known),
        )
      return right.findByOpenid(appId, found?.[1] ?? openid)
    },
  })),
  broken('ignores case in openids', cases.literal, (right, backend) => ({
    findByOpenid: async (appId, openid) => {
      const found = [...backend.accounts.keys()].find(
        (key) => key.toLowerCase() === accountKey(appId, openid).toLowerCase(),
      )
      return right.findByOpenid(
        appId,
        found === undefined ? openid : (JSON.parse(found) as [string, string])[1],
      )
    },
  })),
  broken('rejects where the account is known', cases.again, (right) => ({
    create: async (user) => {
      if (await right.findByOpenid(user.appId, user.openid)) throw new StoreError('UNIQUE constraint failed')
      return right.create(user)
    },
  })),
  broken('replaces the profile when an account is created again', cases.again, (right, backend) => ({
    create: async (user) => {
      const created = await right.create(user)
      const known = backend.users.get(created.id)
      if (known && user.profile) known.profile = JSON.stringify(user.profile)
      return { ...created, ...(user.profile && { profile: user.profile }) }
    },
  })),
  broken('takes a user for new who is not', cases.again, (right) => ({
    create: async (user) => ({ ...(await right.create(user)), isNew: true }),
  })),
  racing('looks first, and then makes a user', cases.parallel),
  broken('says of several that they are new', cases.parallel, (right) => ({
    create: async (user) => {
      const known = await right.findByOpenid(user.appId, user.openid)
      return { ...(await right.create(user)), isNew: known === undefined }
    },
  })),
  broken('makes a user for each app', cases.parallelApps, (right, backend) => ({
    create: async (user) => {
      const known = user.unionid === undefined ? undefined : await right.findByUnionid(user.unionid)
      if (known || user.unionid === undefined) return right.create(user)
      await backend.visit()
      const { appId, openid, unionid } = user
      const created = await right.create({ appId, openid })
      await right.link(created.id, { appId, openid, unionid })
      return { ...created, unionid }
    },
  })),
  broken('links nothing', cases.linked, () => ({ link: async () => {} })),
  broken('knows the last account only', cases.linked, (right, backend) => ({
    link: async (userId, account) => {
      for (const [key, id] of backend.accounts) if (id === userId) backend.accounts.delete(key)
      await right.link(userId, account)
    },
  })),
  broken('makes another user of a known unionid', cases.createdLinked, (right) => ({
    create: ({ appId, openid, profile }) => right.create({ appId, openid, ...(profile && { profile }) }),
  })),
  broken('records no unionid that appears later', cases.later, (right) => ({
    link: (userId, { appId, openid }) => right.link(userId, { appId, openid }),
  })),
  broken('makes the unionid that appears later the id', cases.later, (right, backend) => ({
    link: async (userId, account) => {
      await right.link(userId, account)
      const user = backend.users.get(userId)
      if (!user || account.unionid === undefined) return
      user.id = account.unionid
    },
  })),
  broken('rejects where the account is linked already', cases.relinked, (right, backend) => ({
    link: async (userId, account) => {
      const isLinked = backend.accounts.has(accountKey(account.appId, account.openid))
      await right.link(userId, account)
      if (isLinked) throw new StoreError('UNIQUE constraint failed')
    },
  })),
  broken('replaces the unionid of a user', cases.relinked, (right, backend) => ({
    link: async (userId, account) => {
      await right.link(userId, account)
      const user = backend.users.get(userId)
      if (user && account.unionid !== undefined) user.unionid = account.unionid
    },
  })),
  broken('moves an account to the last linked user', cases.account, (right, backend) => ({
    link: async (userId, account) => {
      backend.accounts.delete(accountKey(account.appId, account.openid))
      await right.link(userId, account)
    },
  })),
  broken('moves a unionid to the last linked user', cases.unionid, (right, backend) => ({
    link: async (userId, account) => {
      for (const user of backend.users.values()) if (user.unionid === account.unionid) delete user.unionid
      await right.link(userId, account)
    },
  })),
  broken('makes ids of everything', cases.wrong, (right) => ({
    findByUnionid: async (unionid: unknown) => right.findByUnionid(`u${String(unionid)}`),
  })),
  broken('links without looking at the unionid', cases.wrong, (right) => ({
    link: (userId, { appId, openid }) => right.link(userId, { appId, openid }),
  })),
  broken('creates without looking at the appId', cases.wrong, (right) => ({
    create: (user) => right.create({ ...user, appId: user.appId || 'app' }),
  })),
  broken('finds nobody while its backend is down', cases.down, (right) => ({
    findByOpenid: (appId, openid) =>
      right
        .findByOpenid(appId, openid)
        .catch((error: unknown) => (error instanceof TypeError ? Promise.reject(error) : undefined)),
  })),
  broken('passes on what the driver throws', cases.down, (right) => ({
    create: (user) =>
      right.create(user).catch((error: unknown) => {
        throw error instanceof TypeError ? error : new DriverError(user)
      }),
  })),
  broken('waits until its backend is up', cases.down, (right) => ({
    link: (userId, account) =>
      right
        .link(userId, account)
        .catch((error: unknown) =>
          error instanceof TypeError ? Promise.reject(error) : new Promise<void>(() => {}),
        ),
  })),
  broken('asks its backend before it looks at the ids', cases.wrongFirst, (right, backend) => ({
    findByUnionid: async (unionid) => {
      await attempt('read', () => backend.visit())
      return right.findByUnionid(unionid)
    },
  })),
]
