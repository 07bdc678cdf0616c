'use strict'

let pages = 0

/** What stands on the page, once it is there; a tab shows an empty one between two others. */
const TEXT_OF_PAGE = `(location.protocol !== 'about:' && document.readyState === 'complete' && document.body?.innerText)`

/** What a person does in a tab: each method comes back when the page that follows is there. */
function personIn(tab) {
  /** Waits until the page that an act leads to has taken the place of the one that is there. */
  async function andWait(act) {
    const mark = ++pages
    await tab.evaluate(`void (window.mark = ${mark})`)
    await act()
    return until(() => tab.evaluate(`window.mark !== ${mark} && ${TEXT_OF_PAGE}`))
  }

  const person = {
    ...tab,
    text: () => until(() => tab.evaluate(TEXT_OF_PAGE)),
    async visit(url) {
      await tab.goto(url)
      return person.text()
    },
    /** Has the page run a script. It may be gone before it could say that it has. */
    run: (script) => tab.evaluate(`void setTimeout(() => { ${script} })`),
    follow: (script) => andWait(() => person.run(script)),
    click: (selector) => person.follow(`document.querySelector(${JSON.stringify(selector)}).click()`),
    submit(selector, values = {}) {
      const fill = Object.entries(values).map(
        ([name, value]) => `form.elements[${JSON.stringify(name)}].value = ${JSON.stringify(value)};`
      )
      return person.follow(
        `const form = document.querySelector(${JSON.stringify(selector)}); ${fill.join(' ')} form.requestSubmit()`
      )
    },
    back: () => person.follow('history.back()')
  }
  return person
}

/** Asks until there is an answer; a page that is being replaced has none. */
async function until(ask, limit = 15_000) {
  const end = Date.now() + limit
  while (Date.now() < end) {
    const answer = await ask().catch(() => false)
    if (answer !== false) return answer
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('What was waited for has not come')
}

module.exports = { personIn, until }
