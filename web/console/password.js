// The password of the signed-in user, and a reset by mail: asking for it, the mail, and the form that the mailed link opens.
import { $, countdown, el, show } from './dom.js'
import { call, members, message, operatorToken, succeeded } from './api.js'
import { load, session } from './session.js'
import { assertion } from './passkeys.js'
import { watch } from './mails.js'

let about, mailed = '', done = false, stop = () => {}

// takeToken keeps the token of a mailed link for the form.
export function takeToken(token) { mailed = token; done = false }

export function open(facts) {
  stop()
  about = facts
  const resets = resetting().length > 0
  if (mailed && resets) return show($('password-card'), el('div', { class: 'columns' }, choose()))
  show($('password-card'),
    done && el('p', { class: 'notice', role: 'status', id: 'reset-done' }, 'The password is changed and all sessions of the user have ended. ', el('a', { href: '#signin' }, 'Sign in with the new one')),
    el('div', { class: 'columns even' }, session.user ? [change(), resets && forgotten()] : [resets && forgotten(), change()]),
    resets && about.mails && el('div', { class: 'card', id: 'arrivals' }, el('h2', {}, 'Mails as they arrive'), el('div', { id: 'password-mails' })))
  if (!$('arrivals')) return
  if (operatorToken.get()) stop = watch($('password-mails'))
  else show($('password-mails'), el('p', { class: 'empty' }, 'A mail holds a link that opens an account, so it is shown to operators only. ', el('a', { href: '#mails' }, 'Enter their token')))
}

export function close() { stop(); done = false }

// path returns the path of a contract's call for passwords, which is next to its sign-in.
const path = (contract, call) => about.contracts.find(({ name }) => name === contract).path.replace(/login$/, 'password' + call)
const resetting = () => about.contracts.filter(({ name }) => about.paths.includes(path(name, '/reset')))

// result shows how a call ended, with the rule that a password broke, and counts down a wait.
async function result(where, answer, text) {
  const { rule } = answer.body
  show(where, el('p', { class: succeeded(answer) ? 'notice' : 'problem' }, (succeeded(answer) && text) || message(answer), rule && el('small', {}, ` rule: ${rule}`)))
  if (!answer.wait) return
  const left = el('small', { 'aria-hidden': 'true' }) // only the beginning and the end are announced
  where.firstChild.append(left)
  await countdown(answer.wait, where.parentElement.querySelectorAll('button'), (seconds) => { left.textContent = ` ${seconds} s` })
  show(where)
}

// choice lets the person choose between the contracts.
function choice(id) {
  return el('fieldset', { class: 'choice', hidden: resetting().length < 2 }, el('legend', {}, 'Contract'), el('div', {}, resetting().map(({ name }, i) =>
    el('label', {}, el('input', { type: 'radio', name: id, value: name, checked: session.contract ? name === session.contract : i === 0 }), name))))
}

function field(id, name, properties) {
  return [el('label', { for: id }, name), el('input', { id, required: true, spellcheck: 'false', ...properties })]
}

// card makes a card with a form; submit gets the element for its result, and the form.
function card(id, title, text, parts, buttons, submit) {
  const where = el('div', { role: 'status', class: 'result', id: id + '-result' })
  const form = el('form', { onsubmit: (event) => { event.preventDefault(); submit(where, form) } }, parts, el('div', { class: 'row' }, buttons))
  return el('div', { class: 'card' }, el('h2', {}, title), el('p', { class: 'empty' }, text), form, where)
}

function change() {
  if (!session.user) return el('div', { class: 'card' }, el('h2', {}, 'Change it'), el('p', { class: 'empty' }, 'Nobody is signed in. ', el('a', { href: '#signin' }, 'Sign in')))
  return card('change', 'Change it', `A change ends all other sessions of ${session.user}.`, [
    field('current', 'Current password', { type: 'password', autocomplete: 'current-password' }),
    field('next', 'New password', { type: 'password', autocomplete: 'new-password' }),
    field('change-code', ['Code ', el('small', {}, 'of the second factor, if the user has one')], { autocomplete: 'one-time-code', required: false }),
  ], el('button', { class: 'main', id: 'change' }, 'Change the password'), async (where, form) => {
    const code = $('change-code').value
    const answer = await call('POST', path(session.contract, ''), { body: { currentPassword: $('current').value, newPassword: $('next').value, ...(code && { code }) } })
    if (succeeded(answer)) form.reset()
    if (succeeded(answer) && session.contract === 'planpoint') await load()
    result(where, answer, 'Password changed. All other sessions have ended.')
  })
}

function forgotten() {
  const part = card('ask', 'Forgotten', 'A known address gets a link. The answer is the same for every other address.', [
    choice('ask-contract'),
    field('reset-email', 'E-mail', { type: 'email', autocomplete: 'username' }),
  ], el('button', { class: 'main', id: 'ask' }, 'Send the link'), async (where, form) => {
    const contract = form.elements['ask-contract'].value
    const answer = await call('POST', path(contract, '/reset'), { body: { [members[contract]]: $('reset-email').value }, as: 'anyone' })
    result(where, answer, 'If the address is known, a mail is on its way.')
  })
  if (about.demo) part.querySelector('#reset-email').value = session.user ?? about.demo.users[0].email
  return part
}

// choose is the form that a mailed link opens. The second factor is asked for after the server has found the rest right.
function choose() {
  let challenge
  const code = field('reset-code', ['Code ', el('small', {}, 'of the second factor, or a recovery code')], { autocomplete: 'one-time-code' })
  const factor = el('div', { id: 'reset-factor', hidden: true })
  const passkey = el('button', { type: 'button', id: 'reset-passkey', hidden: true }, 'Use a passkey')
  const send = async (where, form, proof) => {
    const answer = await call('POST', path(form.elements['choose-contract'].value, '/reset/confirm'), { body: { token: mailed, newPassword: $('reset-password').value, ...proof }, as: 'anyone' })
    if (succeeded(answer)) {
      mailed = ''
      done = true
      $('pass').value = '' // of the sign-in form
      if (session.user) await load()
      return open(about)
    }
    if (!answer.body.challenge) return result(where, answer)
    challenge = answer.body.challenge
    const codes = challenge.methods.some((method) => method !== 'passkey')
    show(where, el('p', { class: 'notice' }, 'The link and the password are right. This user also has a second factor.'))
    show(factor, codes && code)
    factor.hidden = !codes
    passkey.hidden = !challenge.publicKey || !window.PublicKeyCredential
    ;(codes ? code[1] : passkey).focus()
  }
  const part = card('choose', 'Choose a new password', 'This is the page that the mailed link opens. Its token works once; it is no longer in the address.', [
    choice('choose-contract'),
    field('reset-password', 'New password', { type: 'password', autocomplete: 'new-password' }), factor,
  ], [
    el('button', { class: 'main', id: 'choose' }, 'Set the password'), passkey,
    el('button', { type: 'button', class: 'quiet', onclick: () => { mailed = ''; open(about) } }, 'Cancel'),
  ], (where, form) => send(where, form, code[1].value ? { code: code[1].value } : {}))
  passkey.onclick = async () => {
    const where = $('choose-result')
    try { await send(where, part.querySelector('form'), { challenge: challenge.id, assertion: await assertion(challenge.publicKey) }) }
    catch (error) { show(where, el('p', { class: 'problem' }, error.message)) }
  }
  return part
}
