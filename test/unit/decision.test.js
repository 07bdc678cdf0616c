'use strict'

// What is known of a session at the end of a response decides what becomes of the stored one, and nothing else does.

const assert = require('node:assert/strict')
const fc = require('fast-check')
const { decide } = require('../../dist/request/decision.js')
const { Ledger } = require('../../dist/request/ledger.js')
const { Cookie } = require('../../dist/session/cookie.js')
const { Session } = require('../../dist/session/session.js')

const HOUR = 3600000

function sessionOf(id, data) {
  const session = new Session({ sessionID: id }, data)
  session.cookie = new Cookie({ maxAge: HOUR })
  return session
}

/** A request, which tells its ledger all that happens to it. */
class Request {
  ledger = new Ledger()

  constructor({ resave }) {
    this.resave = resave
  }

  /** What may happen, by name. */
  steps = {
    'new session': () => this.start('id1'),
    'new session with an id that is no text': () => this.start(42),
    'no such session': () => {
      this.ledger.presentedId = 'forgotten'
      this.start('id1')
    },
    'stored session': () => {
      this.ledger.presentedId = 'id1'
      this.start('id1', { user: 'ada' })
      if (!this.resave) this.ledger.countLoadedAsStored()
    },
    write: () => {
      this.session.views = 1
    },
    'take that back': () => {
      delete this.session.views
    },
    'set the path': () => {
      this.session.cookie.path = '/app'
    },
    'move the expiry': () => {
      this.session.cookie.expires = new Date(Date.now() + 2 * HOUR)
      this.session.cookie.originalMaxAge = HOUR
    },
    save: () => {
      this.ledger.saving(this.session, true)
      this.ledger.saved(this.ledger.stateOf(this.session), this.ledger.nextTurn())
    },
    'save twice, and be answered out of turn': () => {
      const turns = [this.ledger.nextTurn(), this.ledger.nextTurn()]
      this.ledger.saving(this.session, true)
      for (const turn of turns.reverse()) this.ledger.saved(this.ledger.stateOf(this.session), turn)
    },
    'save in vain': () => {
      this.ledger.saving(this.session, true)
      this.ledger.saveFailed('id1', Infinity)
    },
    reload: () => {
      this.session = sessionOf('id1', { user: 'ada' })
      if (!this.resave) this.ledger.reloaded('id1', this.session)
    },
    unset: () => {
      this.session = undefined
    },
    destroy: () => {
      this.ledger.destroyed(this.id)
      this.former = this.session
      this.session = undefined
    },
    'put it back': () => {
      this.session = this.former
    },
    regenerate: () => this.regenerate('id2'),
    'regenerate to the same id': () => this.regenerate('id1'),
    'give the request another id': () => {
      this.id = 'other'
    },
    'end it without waiting, and hear of it': () => {
      this.afterEnd = () => this.ledger.destroyed('id1')
    },
    'save after the end': () => {
      this.afterEnd = () => {
        this.ledger.wasSavedAfterEnd(this.session.id)
      }
    }
  }

  start(id, data) {
    this.id = id
    this.session = sessionOf(id, data)
    this.ledger.open(this.session, this.session)
  }

  regenerate(id) {
    this.ledger.destroyed(this.id)
    this.id = id
    this.session = sessionOf(id)
    this.ledger.replaced(this.session)
  }

  end() {
    const { session, id, ledger } = this
    const state = session && ledger.stateOf(session)
    const end = { session, state, id, isUnset: !session }
    this.afterEnd?.()
    return end
  }
}

const usual = { resave: false, saveUninitialized: false, touches: true, unset: 'keep' }

const rules = [
  usual,
  { ...usual, saveUninitialized: true },
  { ...usual, resave: true },
  { ...usual, touches: false },
  { ...usual, unset: 'destroy' }
]

const all = (decision) => rules.map(() => decision)

/** What happened | usually, saveUninitialized: true, resave: true, a store without touch, unset: 'destroy' */
const table = [
  [['new session'], ['nothing', 'save', 'nothing', 'nothing', 'nothing']],
  [['new session', 'write'], all('save')],
  [
    ['new session', 'write', 'take that back'],
    ['nothing', 'save', 'nothing', 'nothing', 'nothing']
  ],
  [['new session', 'save'], all('nothing')],
  [['new session', 'write', 'save'], all('nothing')],
  [['new session', 'save', 'write'], all('save')],
  [['new session', 'save', 'set the path'], all('save')],
  [
    ['new session', 'save', 'move the expiry'],
    ['touch', 'touch', 'touch', 'save', 'touch']
  ],
  [['new session', 'save in vain'], all('save')],
  [['new session', 'save twice, and be answered out of turn'], all('save')],
  [['new session', 'regenerate'], all('save')],
  [['new session', 'destroy'], all('nothing')],
  [['new session', 'destroy', 'put it back'], all('nothing')],
  [
    ['new session', 'unset'],
    ['nothing', 'nothing', 'nothing', 'nothing', 'destroy']
  ],
  [['no such session'], ['nothing', 'save', 'nothing', 'nothing', 'nothing']],
  [['no such session', 'write'], all('save')],

  [['stored session'], ['touch', 'touch', 'save', 'nothing', 'touch']],
  [['stored session', 'write'], all('save')],
  [
    ['stored session', 'write', 'take that back'],
    ['touch', 'touch', 'save', 'nothing', 'touch']
  ],
  [
    ['stored session', 'set the path'],
    ['touch', 'touch', 'save', 'nothing', 'touch']
  ],
  [['stored session', 'save'], all('nothing')],
  [['stored session', 'write', 'save'], all('nothing')],
  [['stored session', 'save', 'write'], all('save')],
  [['stored session', 'save', 'set the path'], all('save')],
  [
    ['stored session', 'save', 'move the expiry'],
    ['touch', 'touch', 'touch', 'save', 'touch']
  ],
  [
    ['stored session', 'save in vain'],
    ['touch', 'touch', 'save', 'nothing', 'touch']
  ],
  [['stored session', 'write', 'save in vain'], all('save')],
  [
    ['stored session', 'write', 'reload'],
    ['touch', 'touch', 'save', 'nothing', 'touch']
  ],
  [['stored session', 'reload', 'write'], all('save')],
  [['stored session', 'save twice, and be answered out of turn'], all('save')],
  [['stored session', 'destroy'], all('nothing')],
  [['stored session', 'destroy', 'put it back'], all('nothing')],
  [
    ['stored session', 'unset'],
    ['nothing', 'nothing', 'nothing', 'nothing', 'destroy']
  ],
  [
    ['stored session', 'write', 'unset'],
    ['nothing', 'nothing', 'nothing', 'nothing', 'destroy']
  ],
  [['stored session', 'regenerate'], all('save')],
  [['stored session', 'regenerate', 'save'], all('nothing')],
  [['stored session', 'regenerate', 'save', 'write'], all('save')],
  [
    ['stored session', 'regenerate', 'unset'],
    ['nothing', 'nothing', 'nothing', 'nothing', 'destroy']
  ],
  [['stored session', 'regenerate', 'destroy'], all('nothing')],
  [['stored session', 'regenerate to the same id'], all('save')],
  [['stored session', 'give the request another id'], all('nothing')],

  [['stored session', 'write', 'end it without waiting, and hear of it'], all('nothing')],
  [['stored session', 'write', 'save after the end'], all('nothing')],

  [['unset'], all('nothing')],
  [['new session with an id that is no text', 'write'], all('nothing')]
]

function decisionAfter(steps, rules) {
  const request = new Request(rules)
  for (const step of steps) request.steps[step]()
  return decide(request.end(), request.ledger, rules)
}

describe('a session in the place of one that was not proven', () => {
  it('is saved only if it was changed, whatever the options', () => {
    const ledger = new Ledger()
    ledger.presentedId = 'bound'
    ledger.forgetPresented()
    ledger.reason = 'unproven'
    const session = sessionOf('id1')
    ledger.open(session, session)
    const rules = { saveUninitialized: true, touches: true, unset: 'keep' }
    const end = () => ({ session, state: ledger.stateOf(session), id: 'id1', isUnset: false })
    assert.equal(decide(end(), ledger, rules), 'nothing')
    session.views = 1
    assert.equal(decide(end(), ledger, rules), 'save')
  })
})

describe('the decision at the end of a response', () => {
  for (const [steps, decisions] of table) {
    it(`${steps.join(', ')}: ${[...new Set(decisions)].join(' or ')}`, () => {
      assert.deepEqual(
        rules.map((rules) => decisionAfter(steps, rules)),
        decisions
      )
    })
  }

  const beginnings = ['new session', 'no such session', 'stored session']
  const nextSteps = [
    'write',
    'set the path',
    'move the expiry',
    'save',
    'save in vain',
    'regenerate',
    'save twice, and be answered out of turn'
  ]
  const stories = fc
    .tuple(fc.constantFrom(...beginnings), fc.array(fc.constantFrom(...nextSteps)))
    .map(([beginning, steps]) => [beginning, ...steps])

  it('never is a touch where the store has none', () => {
    fc.assert(
      fc.property(stories, fc.constantFrom(...rules), (steps, rules) => {
        assert.notEqual(decisionAfter(steps, { ...rules, touches: false }), 'touch')
      })
    )
  })

  it('is the same when no touch is due, but for a session that has only been read', () => {
    fc.assert(
      fc.property(stories, fc.constantFrom(...rules), (steps, rules) => {
        const request = new Request(rules)
        for (const step of steps) request.steps[step]()
        const end = request.end()
        const decision = decide(end, request.ledger, rules)
        const isOnlyRead = decision === 'touch' && !request.ledger.isSavedByApp(end.state.id)
        assert.equal(decide(end, request.ledger, rules, false), isOnlyRead ? 'nothing' : decision)
      })
    )
  })

  it('is a save wherever the last thing that happened was a change of the data', () => {
    let changes = 0
    fc.assert(
      fc.property(stories, fc.constantFrom(...rules), (steps, rules) => {
        const request = new Request(rules)
        for (const step of steps) request.steps[step]()
        request.session.changes = ++changes
        assert.equal(decide(request.end(), request.ledger, rules), 'save')
      })
    )
  })

  it('changes nothing of what is known: asked again, it is the same', () => {
    fc.assert(
      fc.property(stories, fc.constantFrom(...rules), (steps, rules) => {
        const request = new Request(rules)
        for (const step of steps) request.steps[step]()
        const end = request.end()
        const known = structuredClone({ ...request.ledger })
        const decision = decide(end, request.ledger, rules)
        assert.equal(decide(end, request.ledger, rules), decision)
        assert.deepEqual(structuredClone({ ...request.ledger }), known)
      })
    )
  })
})
