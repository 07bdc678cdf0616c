'use strict'

const session = require('express-session')
const { methods, openWith } = require('./sessions')

exports.session = session

// What TypeScript makes of `class MyStore extends Store` for ES5, as @quixo3/prisma-session-store is published.
function __extends(derived, base) {
  Object.setPrototypeOf(derived, base)
  function Temporary() {
    this.constructor = derived
  }
  Temporary.prototype = base.prototype
  derived.prototype = new Temporary()
}

const MyStore = (function (_super) {
  __extends(MyStore, _super)
  function MyStore(options) {
    const _this = _super.call(this, options) || this
    _this.options = options
    return _this
  }
  return MyStore
})(session.Store)
Object.assign(MyStore.prototype, methods)

exports.open = async () => openWith(new MyStore({}))
