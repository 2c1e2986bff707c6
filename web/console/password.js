// The password of the signed-in user, and a reset by mail. The mails that serve writes to a folder are shown to operators.
import { $, el, show } from './dom.js'
import { call, operate, operatorToken } from './api.js'
import { load, session } from './session.js'

let about, polling, mailed = ''

// takeToken keeps the token of a mailed link for the form.
export function takeToken(token) { mailed = token }

export function open(facts) {
  about = facts
  const parts = [change()]
  if (about.paths.includes('/api/users/password/reset')) parts.push(reset(), confirm())
  show($('password-card'), el('div', { class: 'columns even' }, parts), el('div', { id: 'mails' }))
  if (mailed && $('reset-token')) $('reset-token').value = mailed
  if (operatorToken.get()) poll()
}

export function close() { clearTimeout(polling) }

// result shows how a call ended, with the rule that a password broke.
function result(where, answer) {
  const { message, errorMessage, rule, isSuccess } = answer.body
  const good = answer.ok && isSuccess !== false
  show(where, el('p', { class: good ? 'notice' : 'problem' }, message ?? errorMessage ?? 'Done', rule ? ` (rule: ${rule})` : '', answer.wait ? ` (wait ${answer.wait} s)` : ''))
  return good
}

// form makes a form of labelled fields, which submit sends.
function form(title, text, fields, label, submit) {
  const inputs = fields.map(([id, name, properties]) => [el('label', { for: id }, name), el('input', { id, required: true, spellcheck: 'false', ...properties })])
  const where = el('div', { role: 'status', id: fields[0][0] + '-result' })
  return el('div', { class: 'card' }, el('h2', {}, title), el('p', { class: 'empty' }, text), el('form', {
    onsubmit: async (event) => {
      event.preventDefault()
      const values = Object.fromEntries(fields.map(([id, , , member]) => [member ?? id, $(id).value]))
      if (await submit(values, where)) event.target.reset()
    },
  }, inputs, el('div', { class: 'row' }, el('button', { class: 'main' }, label)), where))
}

const change = () => form('Change it', session.user ? 'All other sessions end.' : 'Sign in first.', [
  ['current', 'Current password', { type: 'password', autocomplete: 'current-password' }],
  ['next', 'New password', { type: 'password', autocomplete: 'new-password' }],
  ['change-code', 'Code of the second factor, if you have one', { autocomplete: 'one-time-code', required: false }],
], 'Change the password', async (values, where) => {
  const path = session.contract === 'organization' ? '/users/password' : '/api/users/password'
  const answer = await call('POST', path, { body: { currentPassword: values.current, newPassword: values.next, ...(values['change-code'] ? { code: values['change-code'] } : {}) } })
  const good = result(where, answer)
  if (good && session.contract === 'planpoint') await load()
  return good
})

const reset = () => form('Forgotten', 'A link is mailed if the address is known. The answer does not say so.', [['reset-email', 'E-mail', { type: 'email', autocomplete: 'username' }]],
  'Send the link', async (values, where) => {
    const good = result(where, await call('POST', '/api/users/password/reset', { body: { username: values['reset-email'] }, as: 'anyone' }))
    if (operatorToken.get()) poll()
    return good
  })

const confirm = () => form('Set a new one', 'The token is in the mailed link, after #token=. It works once.', [
  ['reset-token', 'Token', { autocomplete: 'off' }],
  ['reset-password', 'New password', { type: 'password', autocomplete: 'new-password' }],
  ['reset-code', 'Code of the second factor, if you have one', { autocomplete: 'one-time-code', required: false }],
], 'Set the password', async (values, where) => result(where, await call('POST', '/api/users/password/reset/confirm', {
  body: { token: values['reset-token'].replace(/^.*#token=/, '').trim(), newPassword: values['reset-password'], ...(values['reset-code'] ? { code: values['reset-code'] } : {}) }, as: 'anyone',
})))

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
    token && el('button', { onclick: () => { $('reset-token').value = token; $('reset-password').focus() } }, 'Use this token'))
}
