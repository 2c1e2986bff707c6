// The password of the signed-in user, and a reset by mail. The mails that serve writes to a folder are shown to operators.
import { $, el, show } from './dom.js'
import { call, members, operate, operatorToken } from './api.js'
import { load, session } from './session.js'
import { assertion } from './passkeys.js'

let about, polling, mailed = ''

// takeToken keeps the token of a mailed link for the form.
export function takeToken(token) { mailed = token }

// A contract's calls for passwords are beside its sign-in.
const path = (contract, call) => about.contracts.find(({ name }) => name === contract).path.replace(/login$/, 'password' + call)
const contracts = () => about.contracts.filter(({ name }) => about.paths.includes(path(name, '/reset')))

export function open(facts) {
  about = facts
  const parts = [change()]
  if (contracts().length) parts.push(reset(), confirm())
  if (mailed) parts.unshift(parts.pop()) // the form that the link is for
  show($('password-card'), el('div', { class: parts.length > 1 ? 'columns three' : 'columns' }, parts), el('div', { id: 'mails' }, mailsElsewhere()))
  if (mailed && $('reset-token')) useToken(mailed)
  if (about.mails && operatorToken.get()) poll()
}

function mailsElsewhere() {
  if (!about.mails || operatorToken.get()) return
  return el('p', { class: 'empty' }, 'The mails are shown here to operators: open the console by the link after ', el('code', {}, 'operators open'), '.')
}

function useToken(token) {
  mailed = ''
  $('reset-token').value = token
  show($('reset-token-result'), el('p', { class: 'notice' }, 'The link’s token is filled in: choose a new password.'))
  $('reset-password').focus()
}

export function close() { clearTimeout(polling) }

// result shows how a call ended, with the rule that a password broke.
function result(where, answer) {
  const { message, errorMessage, rule, isSuccess } = answer.body
  const good = answer.ok && isSuccess !== false
  show(where, el('p', { class: good ? 'notice' : 'problem' }, message ?? errorMessage ?? 'Done', rule ? ` (rule: ${rule})` : '', answer.wait ? ` (wait ${answer.wait} s)` : ''))
  return good
}

// choice lets one call by each contract that has it.
function choice(id) {
  const options = contracts().map(({ name }) => el('option', { selected: name === session.contract }, name))
  return [el('label', { for: id }, 'Contract'), el('select', { id }, options)]
}

// form makes a form of labelled fields, which submit sends.
function form(title, text, fields, label, submit, before) {
  const inputs = fields.map(([id, name, properties]) => [el('label', { for: id }, name), el('input', { id, required: true, spellcheck: 'false', ...properties })])
  const where = el('div', { role: 'status', id: fields[0][0] + '-result' })
  return el('div', { class: 'card' }, el('h2', {}, title), el('p', { class: 'empty' }, text), el('form', {
    onsubmit: async (event) => {
      event.preventDefault()
      const values = Object.fromEntries(fields.map(([id, , , member]) => [member ?? id, $(id).value]))
      if (await submit(values, where)) event.target.reset()
    },
  }, before, inputs, el('div', { class: 'row' }, el('button', { class: 'main', id: fields[0][0] + '-submit' }, label)), where))
}

const change = () => form('Change it', session.user ? 'All other sessions end.' : 'Sign in first.', [
  ['current', 'Current password', { type: 'password', autocomplete: 'current-password' }],
  ['next', 'New password', { type: 'password', autocomplete: 'new-password' }],
  ['change-code', 'Code of the second factor, if you have one', { autocomplete: 'one-time-code', required: false }],
], 'Change the password', async (values, where) => {
  const answer = await call('POST', path(session.contract ?? about.contracts[0].name, ''), { body: { currentPassword: values.current, newPassword: values.next, ...(values['change-code'] ? { code: values['change-code'] } : {}) } })
  const good = result(where, answer)
  if (good && session.contract === 'planpoint') await load()
  return good
})

const reset = () => form('Forgotten', 'A link is mailed if the address is known. The answer does not say so.', [['reset-email', 'E-mail', { type: 'email', autocomplete: 'username' }]],
  'Send the link', async (values, where) => {
    const contract = $('reset-contract').value
    const good = result(where, await call('POST', path(contract, '/reset'), { body: { [members[contract]]: values['reset-email'] }, as: 'anyone' }))
    if (about.mails && operatorToken.get()) poll()
    return good
  }, choice('reset-contract'))

const confirm = () => form('Set a new one', 'The token is in the mailed link, after #token=. It works once.', [
  ['reset-token', 'Token', { autocomplete: 'off' }],
  ['reset-password', 'New password', { type: 'password', autocomplete: 'new-password' }],
  ['reset-code', 'Code of the second factor, if you have one', { autocomplete: 'one-time-code', required: false }],
], 'Set the password', (values, where) => set({
  token: values['reset-token'].replace(/^.*#token=/, '').trim(), newPassword: values['reset-password'], ...(values['reset-code'] ? { code: values['reset-code'] } : {}),
}, where), choice('confirm-contract'))

// set uses the mailed token up. A user who has a passkey may answer the challenge with it.
async function set(body, where) {
  const answer = await call('POST', path($('confirm-contract').value, '/reset/confirm'), { body, as: 'anyone' })
  const good = result(where, answer)
  const { id, publicKey } = answer.body.challenge ?? {}
  if (good) where.append(el('p', {}, el('a', { href: '#signin' }, 'Sign in with it')))
  else if (publicKey && window.PublicKeyCredential) {
    where.append(el('button', { type: 'button', onclick: async () => {
      try { if (await set({ ...body, challenge: id, assertion: await assertion(publicKey) }, where)) $('reset-token').form.reset() } catch (error) { show(where, el('p', { class: 'problem' }, error.message)) }
    } }, 'Use a passkey'))
  }
  return good
}

// poll shows the newest mails as they arrive.
async function poll() {
  clearTimeout(polling)
  const { mails } = await operate('mails')
  if (mails) show($('mails'), el('h2', {}, 'Mails, newest first'), mails.length ? mails.map(letter) : el('p', { class: 'empty' }, 'None yet.'))
  polling = setTimeout(poll, 2000)
}

function letter(mail) {
  const token = /#token=([\w.~-]+)/.exec(mail.text)?.[1]
  return el('article', { class: 'card' }, el('h3', {}, mail.subject), el('p', {}, el('small', {}, `To ${mail.to}, ${new Date(mail.date).toLocaleTimeString()}`)),
    el('pre', { class: 'letter' }, mail.text),
    token && el('button', { onclick: () => useToken(token) }, 'Use this token'))
}
