// The sign-in by either contract, its second step, and the wait after too many failures.
import { $, countdown, el, show } from './dom.js'
import { call, members, message, succeeded } from './api.js'
import { signedIn } from './session.js'
import { enroll } from './factors.js'
import { assertion } from './passkeys.js'

let about, challenge

const contract = () => about.contracts.find(({ name }) => name === $('signin-form').elements.contract.value)

export function start(facts) {
  about = facts
  show($('contracts'), el('legend', {}, 'Contract'), el('div', {}, about.contracts.map(({ name }, i) =>
    el('label', {}, el('input', { type: 'radio', name: 'contract', value: name, checked: i === 0 }), name))), el('p', { id: 'contract-path' }))
  $('contracts').onchange = showContract
  showContract()
  if (about.demo) {
    $('demo').hidden = $('demokey').hidden = false
    show($('people'), about.demo.users.map(({ email, shows }) => el('button', { type: 'button', 'data-email': email, 'aria-pressed': 'false', onclick: () => choose(email) },
      email, el('small', {}, shows))))
    choose(about.demo.users[0].email)
  }
  $('passkey').hidden = !about.paths.includes('/api/users/login/passkey') || !window.PublicKeyCredential
}

function showContract() {
  $('contract-path').textContent = 'POST ' + contract().path
  for (const part of document.querySelectorAll('[data-contract]')) part.hidden = part.dataset.contract !== contract().name
}

function choose(email) {
  $('email').value = email
  $('pass').value = about.demo.password
  for (const button of $('people').children) button.setAttribute('aria-pressed', button.dataset.email === email)
}

$('demokey').onclick = () => { $('apikey').value = about.demo.key }
$('signin-form').onsubmit = async (event) => {
  event.preventDefault()
  const { name, path } = contract()
  const body = { [members[name]]: $('email').value, password: $('pass').value }
  if (name === 'planpoint' && $('impersonate').value) body.impersonate = $('impersonate').value
  if ($('onecode').value) body.code = $('onecode').value
  const headers = $('apikey').value ? { Authorization: $('apikey').value } : {}
  $('onecode').value = ''
  await finish(name, await busy($('submit'), call('POST', path, { body, headers, as: 'anyone' })))
}

async function busy(button, work) {
  button.disabled = true
  try { return await work } finally { button.disabled = false }
}

// finish takes the answer of any sign-in call: a session, a challenge, or a refusal.
async function finish(name, answer) {
  $('signin-problem').textContent = ''
  show($('signin-done'), el('span', { class: 'status ' + (answer.status < 400 ? 'good' : 'bad') }, String(answer.status)), ` in ${answer.exchange.millis.toFixed(1)} ms `,
    el('button', { type: 'button', class: 'link', onclick: () => $('exchange').scrollIntoView({ behavior: 'smooth' }) }, 'See the request and the answer'))
  if (succeeded(answer)) {
    reset()
    return signedIn(name, $('email').value, answer.body)
  }
  if (answer.body.challenge) return ask(name, answer)
  $('signin-problem').textContent = message(answer)
  if (answer.wait) await count(answer.wait)
}

function reset() {
  challenge = null
  $('signin-form').hidden = false
  $('factor-form').hidden = $('enroll').hidden = true
}

// ask shows the second step.
function ask(name, answer) {
  challenge = { ...answer.body.challenge, contract: name, path: contract().path }
  $('signin-form').hidden = true
  if (challenge.enroll) {
    $('enroll').hidden = false
    return enroll($('enroll'), { Authorization: 'Bearer ' + challenge.id }, (body) => { reset(); signedIn(name, $('email').value, body) })
  }
  $('factor-form').hidden = false
  $('factor-text').textContent = `The password is right. This user also has: ${challenge.methods.map((method) => ({ totp: 'an authenticator app', recovery: 'recovery codes', passkey: 'a passkey' })[method]).join(', ')}.`
  $('factor-passkey').hidden = !challenge.publicKey || !window.PublicKeyCredential
  $('code').value = ''
  $('code').focus()
}

$('factor-form').onsubmit = (event) => { event.preventDefault(); second({ code: $('code').value }) }
$('factor-passkey').onclick = async () => {
  try { second({ assertion: await assertion(challenge.publicKey) }) } catch (error) { $('signin-problem').textContent = error.message }
}
$('factor-back').onclick = () => { reset(); $('signin-problem').textContent = '' }

async function second(proof) {
  const body = { challenge: challenge.id, ...proof, ...($('remember').checked ? { remember: true } : {}) }
  const headers = $('apikey').value ? { Authorization: $('apikey').value } : {}
  await finish(challenge.contract, await busy($('factor-submit'), call('POST', challenge.path + '/factor', { body, headers, as: 'anyone' })))
}

$('passkey').onclick = async () => {
  $('signin-problem').textContent = ''
  const { name, path } = contract()
  const options = await call('POST', '/api/users/login/passkey/options', { body: {}, as: 'anyone', quiet: true })
  if (!options.ok) { $('signin-problem').textContent = message(options); return }
  try {
    const body = { challenge: options.body.challenge, assertion: await assertion(options.body.publicKey) }
    await finish(name, await call('POST', path + '/passkey', { body, as: 'anyone' }))
  } catch (error) { $('signin-problem').textContent = error.message }
}

// count shows the wait; only its beginning and its end are announced.
async function count(seconds) {
  const bar = $('wait').querySelector('i')
  $('wait').hidden = false
  await countdown(seconds, [$('submit'), $('factor-submit')], (left) => {
    $('wait-text').textContent = `${left} s`
    bar.style.transform = `scaleX(${(left - 1) / seconds})`
  })
  $('wait').hidden = true
  $('signin-problem').textContent = ''
}
