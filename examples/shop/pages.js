'use strict'

// The pages, as functions from what is to be shown to HTML. Nothing here knows of requests or sessions.

const { findProduct, products } = require('./products')

// Puts values into HTML, escaped; what `html` made itself is left as it is.
class Html {
  constructor(text) {
    this.text = text
  }
}

function html(strings, ...values) {
  return new Html(strings.reduce((text, string, i) => text + render(values[i - 1]) + string))
}

function render(value) {
  if (value instanceof Html) return value.text
  if (Array.isArray(value)) return value.map(render).join('')
  if (value === undefined || value === null || value === false) return ''
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

function page({ user, cart, flash }, title, content) {
  const items = cart.reduce((sum, item) => sum + item.quantity, 0)
  return html`<!doctype html>
    <html lang="en">
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width" />
      <title>${title} - Corner shop</title>
      <style>
        body {
          font:
            1rem/1.5 system-ui,
            sans-serif;
          margin: 2rem auto;
          max-width: 40rem;
          padding: 0 1rem;
        }
        nav,
        form {
          display: flex;
          gap: 1rem;
          align-items: center;
          margin: 0.5rem 0;
        }
        [role='status'] {
          padding: 0.5rem 1rem;
          background: #eef;
        }
        .error {
          background: #fdd;
        }
        .devices {
          list-style: none;
          margin: 1.5rem 0;
          padding: 0;
          border: 1px solid #ccd;
          border-radius: 0.5rem;
        }
        .devices li {
          display: flex;
          flex-wrap: wrap;
          gap: 0.5rem 1rem;
          align-items: center;
          padding: 0.75rem 1rem;
        }
        .devices li + li {
          border-top: 1px solid #ccd;
        }
        .devices div {
          flex: 1 1 10rem;
          min-width: 0;
          overflow-wrap: anywhere;
        }
        .devices div p {
          margin: 0;
        }
        .devices time {
          white-space: nowrap;
        }
        .devices small {
          color: #556;
        }
        .here {
          margin-left: 0.5rem;
          padding: 0.1rem 0.5rem;
          border-radius: 1rem;
          background: #dfd;
          font-size: 0.85rem;
          white-space: nowrap;
        }
      </style>
      <nav>
        <a href="/">Shop</a>
        <a href="/cart">Cart (${items})</a>
        ${user ? html`<a href="/account">${user.name}</a>` : html`<a href="/login">Log in</a>`}
        ${user && html`<form method="post" action="/logout"><button>Log out</button></form>`}
      </nav>
      ${flash && html`<p role="status" class="${flash.type}">${flash.message}</p>`}
      <h1>${title}</h1>
      ${content}
      <script>
        // A browser may keep a whole page in memory for its back button, and the visitor may have logged out since.
        addEventListener('pageshow', ({ persisted }) => {
          if (!persisted) return
          document.body.hidden = true
          location.reload()
        })
      </script>
    </html>`.text
}

function home(visitor) {
  return page(
    visitor,
    'Corner shop',
    html`<p>You have seen this page ${visitor.views} ${visitor.views === 1 ? 'time' : 'times'}.</p>
      ${products.map(
        (product) =>
          html`<form method="post" action="/cart/add">
            <span>${product.name}, ${product.price} each</span>
            <input type="hidden" name="productId" value="${product.id}" />
            <input type="number" name="quantity" value="1" min="1" max="99" aria-label="Quantity" />
            <button>Add to cart</button>
          </form>`
      )}`
  )
}

function login(visitor) {
  return page(
    visitor,
    'Log in',
    html`<p>This shop knows ada@example.com with the password <code>analytical</code>.</p>
      <form method="post" action="/login">
        <input
          type="email"
          name="email"
          placeholder="Email"
          aria-label="Email"
          autocomplete="username"
          required
        />
        <input
          type="password"
          name="password"
          placeholder="Password"
          aria-label="Password"
          autocomplete="current-password"
          required
        />
        <button>Log in</button>
      </form>`
  )
}

function account(visitor) {
  return page(
    visitor,
    'Your account',
    html`<p>Logged in as ${visitor.user.email}.</p>
      <p>
        The server knows this browser by a session id that ends in <code>${visitor.endOfSessionId}</code>.
      </p>
      ${visitor.isBound && html`<p>This session is bound to this device.</p>`}
      <p><a href="/devices">Your devices</a></p>`
  )
}

function devices(visitor) {
  const hasOthers = visitor.devices.some(({ isHere }) => !isHere)
  return page(
    visitor,
    'Your devices',
    html`<p>You are logged in here. Log out what you do not know or do not use any more.</p>
      <ul class="devices">
        ${visitor.devices.map(device)}
      </ul>
      ${
        hasOthers
          ? html`<form method="post" action="/devices/end-others">
              <button>Log out all other devices</button>
            </form>`
          : html`<p>You are logged in nowhere else.</p>`
      }`
  )
}

function device({ ref, name, ip, isHere, since, seen }) {
  return html`<li>
    <div>
      <p><strong>${name}</strong>${isHere && html` <span class="here">This device</span>`}</p>
      <p>
        <small>
          ${ip && html`Logged in from ${ip}, `}<time datetime="${since.at}">${since.text}</time><br />
          Last active <time datetime="${seen.at}">${seen.text}</time>
        </small>
      </p>
    </div>
    ${
      !isHere &&
      html`<form method="post" action="/devices/end">
        <input type="hidden" name="ref" value="${ref}" />
        <button aria-label="Log out ${name}">Log out</button>
      </form>`
    }
  </li>`
}

function cart(visitor) {
  if (visitor.cart.length === 0) return page(visitor, 'Your cart', html`<p>The cart is empty.</p>`)

  const lines = visitor.cart.map(({ productId, quantity }) => ({ ...findProduct(productId), quantity }))
  const total = lines.reduce((sum, line) => sum + line.price * line.quantity, 0)
  return page(
    visitor,
    'Your cart',
    html`<ul>
        ${lines.map((line) => html`<li>${line.quantity} x ${line.name}, ${line.price * line.quantity}</li>`)}
      </ul>
      <p>Total: ${total}</p>
      <form method="post" action="/cart/empty"><button>Empty the cart</button></form>`
  )
}

function message(visitor) {
  return page(visitor, 'Sorry', html`<p>${visitor.text}</p>`)
}

module.exports = { account, cart, devices, home, login, message }
