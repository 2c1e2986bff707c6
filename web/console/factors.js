// Second factors of the signed-in user: enrol an app with a QR code, passkeys, recovery codes, remove.
import { $, ago, copy, el, show, table } from './dom.js'
import { call } from './api.js'
import { session } from './session.js'
import { attestation } from './passkeys.js'

let about

export async function open(facts) {
  about = facts
  const card = $('factors-card')
  if (!session.user) return show(card, el('p', { class: 'empty' }, 'Sign in first, to see your factors. ', el('a', { href: '#signin' }, 'Sign in')))
  const answer = await call('GET', '/api/users/factors', { quiet: true })
  if (!answer.ok) return show(card, refused(answer))
  const { factors, recoveryCodes } = answer.body
  const work = el('div', { 'aria-live': 'polite' })
  show(card,
    factors.length
      ? table('Your factors', ['Name', 'Kind', 'Added', 'Last used', ''], factors.map((factor) => [
        factor.name || 'without a name', factor.kind === 'totp' ? 'Authenticator app' : 'Passkey', ago(factor.createdAt), ago(factor.lastUsedAt),
        el('td', { class: 'act' }, el('button', { class: 'quiet bad', onclick: () => change(work, call('DELETE', '/api/users/factors/' + factor.id)) }, 'Remove', el('span', { class: 'unseen' }, ' ' + (factor.name || factor.kind))))]))
      : el('p', { class: 'empty' }, 'You have no second factor yet.'),
    factors.length ? el('p', {}, el('small', {}, `${recoveryCodes} recovery codes are left.`)) : null,
    el('div', { class: 'row' },
      el('button', { class: factors.length ? '' : 'main', id: 'add-app', onclick: () => enroll(work, {}, () => open(about)) }, 'Add an authenticator app'),
      about.paths.includes('/api/users/passkeys') && el('button', { id: 'add-passkey', onclick: () => addPasskey(work) }, 'Add a passkey'),
      factors.length > 0 && el('button', { id: 'new-codes', onclick: () => change(work, call('POST', '/api/users/factors/recovery')) }, 'New recovery codes')),
    work)
}

// refused says why, and what to do where a recent sign-in is needed (RFC 9470).
function refused(answer) {
  const stepUp = (answer.headers.get('WWW-Authenticate') ?? '').includes('insufficient_user_authentication')
  return el('p', { class: 'problem' }, answer.body.message ?? 'The server failed', stepUp || answer.status === 401 ? [' ', el('a', { href: '#signin' }, 'Sign in')] : '')
}

async function change(work, calling) {
  const answer = await calling
  if (!answer.ok) return show(work, refused(answer))
  if (answer.body.recoveryCodes) return showCodes(work, answer.body.recoveryCodes, () => open(about))
  await open(about)
}

// enroll shows the QR code of a new seed and confirms it with a code. done is called with the confirming answer.
export async function enroll(work, headers, done) {
  const begun = await call('POST', '/api/users/factors/totp', { body: { name: 'Authenticator app' }, headers })
  if (!begun.ok) return show(work, refused(begun))
  const { id, secret, uri, qr } = begun.body
  const code = el('input', { id: 'enroll-code', inputmode: 'numeric', autocomplete: 'one-time-code', required: true, spellcheck: 'false' })
  const problem = el('p', { class: 'problem', role: 'alert' })
  const form = el('form', {
    onsubmit: async (event) => {
      event.preventDefault()
      const answer = await call('POST', '/api/users/factors/totp/confirm', { body: { id, code: code.value }, headers })
      if (!answer.ok) { problem.textContent = answer.body.message ?? answer.body.errorMessage; return }
      if (answer.body.recoveryCodes) return showCodes(work, answer.body.recoveryCodes, () => done(answer.body))
      done(answer.body)
    },
  },
  el('label', { for: 'enroll-code' }, 'Code that the app shows'), code,
  el('div', { class: 'row' }, el('button', { class: 'main', id: 'enroll-submit' }, 'Confirm')), problem)
  show(work, el('h2', {}, 'Scan this with an authenticator app'), el('div', { class: 'enroll' },
    el('img', { class: 'qr', alt: 'QR code of the seed', src: 'data:image/svg+xml,' + encodeURIComponent(qr) }),
    el('div', {},
      el('p', {}, el('small', {}, 'Or type the secret: '), el('code', { id: 'enroll-secret', 'data-secret': secret }, secret.match(/.{1,4}/g).join(' ')), ' ', el('button', { type: 'button', class: 'link', onclick: () => copy(uri) }, 'copy as otpauth URI')),
      form)))
  code.focus()
}

async function addPasskey(work) {
  const begun = await call('POST', '/api/users/passkeys/options', { body: {} })
  if (!begun.ok) return show(work, refused(begun))
  try {
    const credential = await attestation(begun.body.publicKey)
    await change(work, call('POST', '/api/users/passkeys', { body: { challenge: begun.body.challenge, credential, name: 'Passkey' } }))
  } catch (error) { show(work, el('p', { class: 'problem', role: 'alert' }, error.message)) }
}

function showCodes(work, codes, done) {
  show(work, el('h2', {}, 'Recovery codes'),
    el('p', {}, 'Each signs in once, in place of a code. They are shown this one time: keep them somewhere safe.'),
    el('ul', { class: 'codes', id: 'recovery-codes' }, codes.map((code) => el('li', {}, code))),
    el('div', { class: 'row' }, el('button', { class: 'main', id: 'codes-kept', onclick: done }, 'I have kept them'), el('button', { onclick: () => copy(codes.join('\n')) }, 'Copy')))
}
