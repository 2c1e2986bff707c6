// The user's sessions: list, refresh, end one, sign out everywhere.
import { $, ago, el, show, span, table } from './dom.js'
import { call } from './api.js'
import { load, session, signOut } from './session.js'

export async function open() {
  const card = $('sessions-card')
  if (!session.user) return show(card, el('p', { class: 'empty' }, 'Nobody is signed in. ', el('a', { href: '#signin' }, 'Sign in')))
  const answer = await call('GET', '/api/users/sessions', { quiet: true })
  if (!answer.ok) return show(card, el('p', { class: 'problem' }, answer.body.message))
  show(card,
    table('Your sessions', ['Opened', 'Last used', 'From', 'API client', ''], answer.body.sessions.map((one) => [
      ago(one.createdAt), ago(one.lastUsedAt), one.source, one.client || '—',
      el('td', { class: 'act' }, one.current ? el('span', { class: 'pill good' }, 'this one')
        : el('button', { class: 'quiet bad', onclick: async () => { await call('DELETE', '/api/users/sessions/' + one.id); open() } }, 'End'))])),
    el('p', {}, el('small', {}, `This access token expires in ${span(answer.body.expires_in)}.`)),
    el('div', { class: 'row' },
      session.contract === 'planpoint' && el('button', { class: 'main', id: 'refresh', onclick: async () => { await call('POST', '/api/users/refresh'); await load(); open() } }, 'Refresh the tokens'),
      el('button', { id: 'everywhere', onclick: () => signOut(true) }, 'Sign out everywhere')))
}
