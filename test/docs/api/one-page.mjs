// Has TypeDoc show the package as an app sees it: `session()`, and beside it, on one page, all that hangs on it.

import {
  Converter,
  IntrinsicType,
  ReferenceType,
  ReflectionFlag,
  ReflectionKind,
  UnionType,
  UnknownType
} from 'typedoc'
import { MarkdownPageEvent } from 'typedoc-plugin-markdown'
import { OnePageRouter, OnePageTheme } from './theme.mjs'

/** What the page shows, in this order, and what stands before the names of members. Those of options stand alone. */
const ORDER = {
  session: '',
  SessionOptions: '',
  CookieOptions: 'cookie.',
  SessionMiddleware: 'middleware.',
  Session: 'req.session.',
  RegenerateOptions: 'regenerate.',
  Cookie: 'req.session.cookie.',
  SessionData: 'SessionData.',
  Store: 'store.',
  MemoryStore: 'memoryStore.',
  MemoryStoreOptions: 'MemoryStore.',
  infoOf: 'session.',
  headerTransport: 'session.',
  hashSessionId: 'session.',
  migrate: 'session.',
  SessionInfo: 'info.',
  Reason: '',
  SessionTransport: 'transport.',
  DeviceBoundOptions: 'deviceBound.',
  UserSession: 'userSession.',
  SessionsToEnd: 'which.',
  Secret: '',
  EncryptionKey: '',
  ResolveConflict: '',
  Change: '',
  createSession: 'testing.',
  PreparedSessionOptions: 'PreparedSessionOptions.',
  PreparedSession: 'prepared.',
  storeContract: 'testing.',
  TestFunctions: 'TestFunctions.',
  StoreToTry: '',
  OpenedStore: '',
  StoreContractOptions: 'StoreContractOptions.'
}

const INTRODUCTION = `# API

This page lists every function, option, method and type of the package. It is made from the comments of the source by \`npm run docs:api\`.
`

export function load(app) {
  app.renderer.defineTheme('one-page', OnePageTheme)
  app.renderer.defineRouter('one-page', OnePageRouter)
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => gather(project))
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => arrange(project), -1000)
  app.renderer.on(MarkdownPageEvent.END, (page) => {
    page.contents =
      INTRODUCTION +
      page.contents
        // The signs of TypeScript in the names say that already.
        .replaceAll(/^> (`(optional|abstract|readonly)` )+/gm, '> ')
        .replaceAll('`AppSession`', '[`Session`](#session-1)')
  })
}

/** All names on one level, each once. */
function gather(project) {
  const [main, ...others] = project.children
  const remove = (reflections) => reflections.forEach((reflection) => project.removeReflection(reflection))

  remove(main.children.filter((child) => child.kindOf(ReflectionKind.Reference)))
  rename(named(main, 'export=', ReflectionKind.Function), 'session')
  project.mergeReflections(named(main, 'export=', ReflectionKind.Namespace), main)
  remove(main.children.filter(({ name }) => name === 'Cookie'))
  for (const other of others) project.mergeReflections(other, main)
  project.mergeReflections(main, project)

  rename(named(project, 'SessionCookie', ReflectionKind.Class), 'Cookie')
  rename(named(project, 'SessionMiddleware', ReflectionKind.Interface), 'SessionMiddleware')
  named(project, 'SessionMiddleware').signatures[0].name = 'middleware'
  showWhatMayBeGiven(named(project, 'CookieOptions'), named(project, 'GivenCookieOptions'))
  remove([named(project, 'CookieOptions')])
  rename(named(project, 'GivenCookieOptions'), 'CookieOptions')
  showMethodsOfSession(named(project, 'Session'), project)
  for (const parent of project.children) {
    remove((parent.children ?? []).filter((child) => isElsewhere(parent, child, project)))
  }
}

/** Options of the cookie may be more than what apps read from the type `CookieOptions`. */
function showWhatMayBeGiven(options, given) {
  given.comment = options.comment
  for (const member of given.children) {
    const older = named(options, member.name)
    if (member.comment !== undefined && !member.inheritedFrom) {
      const { summary } = member.comment
      member.comment = older.comment.clone()
      member.comment.summary.push({ kind: 'text', text: '\n\n' }, ...summary)
    }
  }
  given.children.sort((one, other) => place(options, one) - place(options, other))
}

function place(options, { name }) {
  return options.children.findIndex((child) => child.name === name)
}

/** The methods of a MemoryStore are those of any Store, and the attributes of a Cookie those of its options. */
function isElsewhere(parent, child, project) {
  if (parent.name === 'MemoryStore') return child.kindOf(ReflectionKind.Method)
  if (parent.name === 'Cookie' && child.kindOf(ReflectionKind.Property)) {
    return (
      child.name === '_expires' ||
      named(project, 'CookieOptions').children.some(({ name }) => name === child.name)
    )
  }
  return ['Session', 'Store', 'Cookie'].includes(parent.name) && child.kindOf(ReflectionKind.Constructor)
}

/** Types that let the objects of tests pass for sessions say little to a reader: what an app calls is shown. */
function showMethodsOfSession(session, project) {
  for (const name of ['save', 'reload', 'destroy', 'regenerate']) {
    const method = named(session, name)
    const [documented] = method.signatures
    const shown =
      method.signatures.find(({ parameters }) => parameters?.[1]?.name === 'callback') ??
      method.signatures.find(({ parameters }) => parameters?.[0]?.name === 'callback')
    for (const other of method.signatures.filter((one) => one !== shown)) project.removeReflection(other)
    for (const parameter of shown.typeParameters ?? []) project.removeReflection(parameter)
    method.signatures = [shown]
    shown.comment = documented.comment
    shown.typeParameters = undefined
    for (const parameter of shown.parameters) {
      parameter.setFlag(ReflectionFlag.Optional)
      parameter.type = new UnknownType('(error?: any) => void')
      if (parameter.name === 'options') {
        const options = named(project, 'RegenerateOptions')
        parameter.type = ReferenceType.createResolvedReference(options.name, options, project)
      }
    }
    const promise = ReferenceType.createBrokenReference('Promise', project, 'typescript')
    promise.typeArguments = [new IntrinsicType('void')]
    shown.type = new UnionType([new IntrinsicType('this'), promise])
  }
}

function arrange(project) {
  const names = Object.keys(ORDER)
  const strange = project.children.find(({ name }) => !names.includes(name))
  if (strange) throw new Error(`${strange.name} has no place on the page: see ORDER in one-page.mjs`)

  project.children.sort((one, other) => names.indexOf(one.name) - names.indexOf(other.name))
  project.groups = [{ title: 'API', children: project.children }]
  for (const child of project.children) {
    for (const member of child.children ?? []) {
      if (!member.kindOf(ReflectionKind.Constructor)) rename(member, ORDER[child.name] + member.name)
    }
    if (child.kindOf(ReflectionKind.Function)) rename(child, ORDER[child.name] + child.name)
  }
}

function named(parent, name, kind = ReflectionKind.All) {
  return parent.children.find((child) => child.name === name && child.kindOf(kind))
}

function rename(reflection, name) {
  reflection.name = name
  for (const signature of reflection.signatures ?? []) signature.name = name
}
