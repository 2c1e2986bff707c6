// Users of the store: find, look at, change, import.
import { $, ago, el, show, table, toast } from './dom.js'
import { operate, operatorToken } from './api.js'

let text = ''

export async function open() {
  const rows = el('div', { 'aria-live': 'polite' }), work = el('div', { id: 'user', 'aria-live': 'polite' })
  const list = async () => {
    const { users, more } = await operate('users', { text })
    show(rows, users.length
      ? table('List of users', ['Address', 'Status', 'Role', 'Factors', 'Id'], users.map((user) => [
        el('button', { class: 'link', onclick: () => look(work, user.id, list) }, user.email), status(user.status), user.role || '—', String(user.factors), el('code', {}, user.id)]))
      : el('p', { class: 'empty' }, 'No user matches.'),
    more && el('p', {}, el('small', {}, 'There are more: narrow the search.')))
  }
  show($('users-card'), el('div', { class: 'card' },
    el('div', { class: 'tools' },
      el('input', { type: 'search', id: 'user-filter', placeholder: 'Find by address, role, status or id', 'aria-label': 'Find users', value: text, oninput: (event) => { text = event.target.value; list() } }),
      el('button', { id: 'import', onclick: () => importing(work, list) }, 'Import')),
    rows), work)
  await list()
}

const status = (name) => el('span', { class: 'pill ' + ({ ready: 'good', disabled: 'bad' }[name] ?? '') }, name)

async function look(work, id, list, problem) {
  const user = await operate('users/show', { id })
  const act = (label, change, options = {}) => el('button', {
    class: options.bad ? 'bad' : '', onclick: async () => {
      if (options.ask && !confirm(options.ask)) return
      try {
        await operate('users/change', { id, change })
        toast('Done')
        await list()
        change === 'delete' ? show(work) : look(work, id, list)
      } catch (error) { look(work, id, list, error.message) }
    },
  }, label)
  const facts = { Id: user.id, Identifier: user.identifier, Password: user.passwordHash, Created: ago(user.createdAt), Changed: ago(user.updatedAt), Sessions: String(user.sessions) }
  if (user.throttle) facts['Failed sign-ins'] = user.throttle.failures === 0 ? 'none' : `${user.throttle.failures}, known at ${user.throttle.knownSources} sources` + (user.throttle.strangersWait ? `; strangers wait until ${new Date(user.throttle.strangersWait).toLocaleTimeString()}` : '')
  facts['Second factors'] = user.factors.length ? user.factors.map((factor) => factor.name || factor.kind).join(', ') + `, ${user.recoveryCodes} recovery codes` : 'none'
  if (user.identifierHash) facts['Hash in the audit'] = user.identifierHash
  const members = el('textarea', { id: 'members', spellcheck: 'false', 'aria-label': 'Members to change, as JSON' })
  members.value = JSON.stringify({ role: user.role ?? null, name: user.profile.name ?? null, lastName: user.profile.lastName ?? null }, null, 2)
  show(work, el('div', { class: 'card' },
    el('h2', { tabindex: -1 }, user.email, ' ', status(user.status)),
    el('dl', { class: 'facts' }, Object.entries(facts).flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)])),
    problem && el('p', { class: 'problem', role: 'alert' }, problem),
    el('div', { class: 'row' },
      user.status === 'ready' ? act('Disable', 'disable') : act('Enable', 'enable'),
      act('Forget failed sign-ins', 'unlock'), act('Sign out everywhere', 'sign out'),
      user.factors.length > 0 && act('Remove all factors', 'reset factors', { ask: `Remove every second factor of ${user.email}? Make sure first that it is the user who asks.` }),
      act('Delete', 'delete', { bad: true, ask: `Delete ${user.email} and end their sessions?` })),
    el('details', {}, el('summary', {}, 'Change members'), el('p', {}, el('small', {}, 'As in an import: each member replaces the user’s own, null removes one.')), members,
      el('div', { class: 'row' }, el('button', {
        class: 'main', onclick: async () => {
          try { await operate('users/change', { id, change: 'members', members: members.value }); toast('Changed'); await list(); look(work, id, list) }
          catch (error) { look(work, id, list, error.message) }
        },
      }, 'Save')))))
  work.querySelector('h2').focus()
}

const example = '{"email": "new@example.com", "password": "correct horse battery staple", "status": "ready", "name": "New"}'

function importing(work, list) {
  const lines = el('textarea', { id: 'lines', spellcheck: 'false', 'aria-label': 'Users, one a line, as JSON' })
  lines.value = example
  const update = el('input', { type: 'checkbox', id: 'update' }), result = el('div', { role: 'status', id: 'import-result' })
  show(work, el('div', { class: 'card' },
    el('h2', {}, 'Import users'),
    el('p', {}, el('small', {}, 'JSON Lines: one user a line, with a password or the hash that another system stored. For files, use ', el('code', {}, 'latchkey users import'), '.')),
    lines, el('label', { class: 'check' }, update, 'Replace stored users with the same address'),
    el('div', { class: 'row' }, el('button', {
      class: 'main', id: 'import-submit', onclick: async () => {
        const counts = await upload(lines.value, update.checked)
        show(result, counts.reason || counts.message
          ? el('p', { class: 'problem' }, counts.reason ?? counts.message)
          : el('p', { class: 'notice' }, `${counts.added} added, ${counts.updated} updated, ${counts.refused} refused, ${counts.unchanged} unchanged`),
        counts.reasons?.length > 0 && el('ul', {}, counts.reasons.map((reason) => el('li', {}, reason))))
        await list()
      },
    }, 'Import')), result))
  lines.focus()
}

async function upload(lines, update) {
  const answer = await fetch('/console/operator/users/import' + (update ? '?update=true' : ''), {
    method: 'POST', body: lines, headers: { 'Latchkey-Console-Token': operatorToken.get(), 'Content-Type': 'application/jsonl' },
  })
  return answer.json()
}
