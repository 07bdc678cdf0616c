'use strict'

// The page: a form to log in with, or else the chat.

const escape = (text) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

const login = `
  <form action="/login" method="post">
    <label>Your name <input name="name" required /></label>
    <button>Log in</button>
  </form>`

const chat = (user) => `
  <p>You are ${escape(user)}.</p>
  <form action="/logout" method="post"><button>Log out</button></form>
  <form id="say"><input name="text" autocomplete="off" aria-label="Message" /><button>Say</button></form>
  <ul id="said" aria-live="polite"></ul>
  <script>
    const socket = new WebSocket(location.origin.replace('http', 'ws') + '/chat')
    const say = document.getElementById('say')
    const show = (text) => document.getElementById('said').append(Object.assign(document.createElement('li'), { textContent: text }))
    socket.onmessage = ({ data }) => show(data)
    socket.onclose = ({ reason }) => show(reason || 'The connection is closed')
    say.onsubmit = (event) => {
      event.preventDefault()
      socket.send(say.text.value)
      say.reset()
    }
  </script>`

exports.page = (user) => `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <meta name="viewport" content="width=device-width" />
  <title>Chat</title>
  <h1>Chat</h1>${user ? chat(user) : login}
</html>
`
