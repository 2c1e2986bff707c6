import { Latchkey } from './latchkey.js'

const $ = (id) => document.getElementById(id)
const setting = (name) => document.querySelector(`meta[name=${name}]`).content
const orders = setting('orders')
const latchkey = new Latchkey(setting('latchkey'), () => start())

let user = null // whose page this is
let challenge = null // of the sign-in that is waiting for a second factor
let afterSignIn = null // what a sign-in was needed for
let offer = null // the browser's list of passkeys in the sign-in form

// show makes the named sections visible and all others not.
function show(...names) {
  for (const section of document.querySelectorAll('section')) section.hidden = !names.includes(section.id)
  $('problem').textContent = ''
  document.querySelector('section:not([hidden]) :is(input, button)')?.focus()
}

async function start() {
  user = await latchkey.user()
  $('status').textContent = user ? 'Signed in as ' + user.username : 'Signed out'
  if (!user) return showSignIn()
  if ($('recovery').hidden) await showOrders()
}

function showSignIn(reason = '') {
  challenge = null
  show('signin')
  $('problem').textContent = reason
  offerPasskeys()
}

// offerPasskeys lets the browser list passkeys where the user types the name (conditional UI).
async function offerPasskeys() {
  offer?.abort()
  if (!await window.PublicKeyCredential?.isConditionalMediationAvailable?.()) return
  offer = new AbortController()
  const answer = await latchkey.signInWithPasskey({ mediation: 'conditional', signal: offer.signal })
  if (!answer.canceled && answer.status !== 404) await proceed(answer)
}

// proceed shows what follows from the answer to any step of a sign-in.
async function proceed(answer) {
  if (answer.ok) {
    challenge = null
    if (answer.recoveryCodes) return showRecoveryCodes(answer.recoveryCodes)
    const again = afterSignIn
    afterSignIn = null
    await start()
    return again?.()
  }
  if (answer.challenge) {
    challenge = answer.challenge
    offer?.abort()
    return challenge.enroll ? addApp() : showFactor()
  }
  if (!answer.canceled) await explain(answer)
}

// explain says why a call was refused, and keeps the buttons off while the service asks to wait.
async function explain({ message, wait = 0 }) {
  $('problem').textContent = message
  if (!wait) return
  const buttons = document.querySelectorAll('section:not([hidden]) button')
  for (const button of buttons) button.disabled = true
  for (; wait > 0; wait--) {
    $('problem').textContent = `${message} (${wait} s)`
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
  for (const button of buttons) button.disabled = false
  $('problem').textContent = ''
}

function showFactor() {
  show('factor')
  $('prove-passkey').hidden = !challenge.methods.includes('passkey')
  $('code-form').hidden = !challenge.methods.some((method) => method !== 'passkey')
}

async function showOrders() {
  show('orders', 'security')
  await Promise.all([listOrders(), listFactors()])
}

async function listOrders() {
  const answer = await latchkey.fetch(orders + '/orders')
  const items = answer.ok ? (await answer.json()).orders : []
  $('list').replaceChildren(...items.map((order) => row(order.item, order.at, 'Cancel', () => cancelOrder(order.id))))
}

async function listFactors() {
  const { factors = [], recoveryCodes = 0 } = await latchkey.factors()
  const names = { totp: 'Authenticator app', passkey: 'Passkey' }
  $('factors').replaceChildren(...factors.map(({ id, kind, name, lastUsedAt }) => row(
    name || names[kind], lastUsedAt ? 'last used ' + new Date(lastUsedAt).toLocaleString() : names[kind], 'Remove', () => change(() => latchkey.removeFactor(id)))))
  $('no-factors').textContent = factors.length ? `${recoveryCodes} recovery codes are left.`
    : 'With a passkey or an authenticator app, a stolen password is not enough to sign in.'
}

function row(title, detail, action, run) {
  const item = document.createElement('li')
  const text = document.createElement('span')
  const small = document.createElement('small')
  const button = document.createElement('button')
  small.textContent = detail
  text.append(title, small)
  button.className = 'quiet small'
  button.textContent = action
  button.setAttribute('aria-label', `${action} ${title}`)
  button.onclick = run
  item.append(text, button)
  return item
}

// cancelOrder needs a second factor of the last five minutes, which the orders API asks for (RFC 9470).
async function cancelOrder(id) {
  const answer = await latchkey.fetch(orders + '/orders/' + id, { method: 'DELETE' })
  if (answer.ok) return listOrders()
  const { factors = [] } = await latchkey.factors()
  if (answer.status === 401 && factors.length === 0) {
    return explain({ message: 'To cancel an order, add a passkey or an authenticator app below.' })
  }
  if (answer.status === 401) return signInAgain(() => cancelOrder(id))
  await explain({ message: 'This order cannot be canceled.' })
}

// change runs a call about one's own factors, after another sign-in if the last one is too long ago.
async function change(run) {
  const answer = await run()
  if (answer.stepUp) return signInAgain(() => change(run))
  if (!answer.ok) return explain(answer)
  if (answer.recoveryCodes) return showRecoveryCodes(answer.recoveryCodes)
  await showOrders()
}

function signInAgain(then) {
  afterSignIn = then
  $('username').value = user.username
  showSignIn('Sign in again to do this.')
  $('password').focus()
}

let pending = null // the authenticator app that waits for its first code

async function addApp() {
  pending = await latchkey.addApp('Authenticator app', challenge ?? undefined)
  if (pending.stepUp) return signInAgain(addApp)
  if (!pending.ok) return explain(pending)
  show('app')
  $('why').hidden = !challenge
  $('qr').replaceChildren(new DOMParser().parseFromString(pending.qr, 'image/svg+xml').documentElement)
  $('secret').textContent = pending.secret
}

function showRecoveryCodes(codes) {
  $('codes').replaceChildren(...codes.map((code) => Object.assign(document.createElement('li'), { textContent: code })))
  show('recovery')
}

// on runs the handler when the form is sent, without loading another page.
const on = (form, run) => { $(form).onsubmit = (event) => { event.preventDefault(); run() } }
const taken = (id) => { const { value } = $(id); $(id).value = ''; return value }

on('password-form', async () => proceed(await latchkey.signIn({
  username: $('username').value, password: taken('password'), ...(afterSignIn && { stepUp: true }),
})))
on('code-form', async () => {
  const answer = await latchkey.proveCode(challenge, taken('code'), $('remember').checked)
  return answer.status === 401 && !answer.wait ? explain({ message: 'The code is wrong, or was used before.' }) : proceed(answer)
})
on('app-form', async () => {
  const answer = await latchkey.confirmApp(pending.id, taken('app-code'), challenge ?? undefined)
  return challenge ? proceed(answer) : change(() => answer)
})
on('order-form', async () => {
  const body = JSON.stringify({ item: taken('item') })
  await latchkey.fetch(orders + '/orders', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })
  await listOrders()
})
$('passkey').onclick = async () => { offer?.abort(); await proceed(await latchkey.signInWithPasskey()); if (!user) offerPasskeys() }
$('prove-passkey').onclick = async () => proceed(await latchkey.provePasskey(challenge, $('remember').checked))
$('add-passkey').onclick = () => change(() => latchkey.addPasskey('Passkey'))
$('add-app').onclick = () => { challenge = null; addApp() }
$('back').onclick = () => { afterSignIn = null; start() }
$('not-now').onclick = () => start()
$('kept').onclick = () => { $('recovery').hidden = true; start() }
$('signout').onclick = async () => { await latchkey.signOut(); start() }
$('everywhere').onclick = async () => { await latchkey.signOut({ everywhere: true }); start() }
start()
